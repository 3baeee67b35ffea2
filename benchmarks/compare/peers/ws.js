// Node's ws: every frame of anybody goes to everybody.
const { WebSocketServer, WebSocket } = require('ws');

const port = Number(process.argv[2]);
const server = new WebSocketServer({ host: '127.0.0.1', port, backlog: 4096 });
server.on('connection', (socket) => {
  socket.on('error', () => {});
  socket.on('message', (text) => {
    for (const member of server.clients) {
      if (member.readyState === WebSocket.OPEN) member.send(text, { binary: false });
    }
  });
});
