// Socket.IO over its websocket transport: every 'm' of anybody goes to everybody.
const http = require('http');
const { Server } = require('socket.io');

const web = http.createServer();
const server = new Server(web, { transports: ['websocket'], serveClient: false });
server.on('connection', (socket) => {
  socket.on('m', (text) => server.emit('m', text));
});
web.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });
