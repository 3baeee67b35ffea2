// A stand-in for chatd, just good enough for tests of the page alone: it speaks the first block of
// the JSON contract, can be stopped and started again, and does on demand what a real server does
// only in trouble (refuse, report a gap, ask to reconnect, flood a room).

import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocketServer } from 'ws';

export const WEB_ROOT = fileURLToPath(new URL('../../examples/web/', import.meta.url));

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};
// As strict as chatd's, or stricter: what the page needs beyond this would fail here first.
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
const HISTORY_MAX = 300;
const TEXT_MAX = 2_048;

export class MockServer {
  #http;
  #sockets;
  #rooms = new Map();
  #sessions = new Set();
  #flood = 0;
  #guests = 0;
  /** Answers instead of the usual ones: op → error or function. Tests set and clear them. */
  refuse = new Map();
  port = 0;

  constructor({ webRoot = WEB_ROOT, heartbeatMs = 25_000 } = {}) {
    this.webRoot = webRoot;
    this.heartbeatMs = heartbeatMs;
  }

  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }

  async start(port = this.port) {
    this.#http = createServer((request, response) => this.#serve(request, response));
    this.#sockets = new WebSocketServer({
      server: this.#http,
      path: '/chat',
      handleProtocols: (names) => names.has('chatroom.v1.json') && 'chatroom.v1.json',
    });
    this.#sockets.on('connection', (socket) => this.#connected(socket));
    await new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen(port, '127.0.0.1', resolve);
    });
    this.port = this.#http.address().port;
    return this;
  }

  /** Ends every connection; without `keep` the rooms are forgotten, as where nothing is stored. */
  async stop({ keep = false, code = 4000 } = {}) {
    clearInterval(this.#flood);
    for (const socket of this.#sockets.clients) socket.close(code, 'shutdown');
    setTimeout(() => this.#sockets.clients.forEach((socket) => socket.terminate()), 200).unref();
    this.#http.closeAllConnections?.();
    this.#sockets.close();
    await new Promise((resolve) => this.#http.close(resolve));
    this.#sessions.clear();
    if (!keep) this.#rooms.clear();
    for (const room of this.#rooms.values()) room.members.clear();
  }

  /** Closes every connection with this code, and goes on serving. */
  kickAll(code, reason = '') {
    for (const socket of this.#sockets.clients) socket.close(code, reason);
  }

  /** From now on says nothing more on any open connection, as when a cable is pulled. */
  hush() {
    for (const socket of this.#sockets.clients) socket.send = () => {};
  }

  /** Sends an event to everybody, or to the members of a room. */
  broadcast(event, roomName) {
    const frame = JSON.stringify(event);
    for (const session of this.#sessions) {
      if (!roomName || session.rooms.has(roomName)) session.socket.send(frame);
    }
  }

  /** A message as if `user` had sent it. */
  say(roomName, user, text, extra = {}) {
    const room = this.#room(roomName);
    const message = {
      event: 'message',
      room: roomName,
      channel: 'main',
      offset: ++room.head,
      user,
      nick: user,
      role: 'member',
      kind: 'text',
      text,
      time: Date.now(),
      ...extra,
    };
    room.log.push(message);
    if (room.log.length > HISTORY_MAX) room.log.shift();
    this.broadcast(message, roomName);
    return message.offset;
  }

  /** Messages of a made-up crowd at this rate, until stop() or a rate of 0. */
  flood(roomName, perSecond, makeText) {
    clearInterval(this.#flood);
    if (!perSecond) return;
    let sent = 0;
    const began = performance.now();
    this.#flood = setInterval(() => {
      const due = Math.floor(((performance.now() - began) / 1000) * perSecond);
      for (; sent < due; ++sent) {
        const { user, text, ...extra } = makeText(sent);
        this.say(roomName, user, text, extra);
      }
    }, 20);
  }

  async #serve(request, response) {
    const path = new URL(request.url, 'http://x').pathname;
    const file = normalize(path === '/' ? '/index.html' : path);
    try {
      const body = await readFile(join(this.webRoot, file));
      const type = TYPES[extname(file)] ?? 'application/octet-stream';
      response.writeHead(200, {
        'content-type': type,
        'content-security-policy': CSP,
        'cache-control': 'no-store',
        'access-control-allow-origin': '*',
      });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  #room(name) {
    if (!this.#rooms.has(name)) {
      this.#rooms.set(name, {
        name,
        epoch: Math.random().toString(36).slice(2, 10),
        head: 0,
        log: [],
        members: new Map(),
        version: 0,
        policy: {},
      });
    }
    return this.#rooms.get(name);
  }

  #connected(socket) {
    const session = { socket, user: '', nick: '', rooms: new Set() };
    socket.send(JSON.stringify({ event: 'hello', version: 1, heartbeat_ms: this.heartbeatMs }));
    socket.on('message', (data) => this.#command(session, JSON.parse(String(data))));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const name of session.rooms) this.#leave(session, name);
      this.#sessions.delete(session);
    });
  }

  #command(session, command) {
    const { id, op } = command;
    const answer = (body) => id && session.socket.send(JSON.stringify({ id, ...body }));
    try {
      const refusal = this.refuse.get(op);
      const error = typeof refusal === 'function' ? refusal(command) : refusal;
      if (error) throw error;
      if (!session.user && op !== 'auth' && op !== 'ping') throw 'unauthorized';
      const handler = this[`op_${op}`];
      if (!handler) throw 'unsupported';
      const { then, ...ok } = handler.call(this, session, command) ?? {};
      answer({ ok });
      then?.();
    } catch (error) {
      if (error instanceof Error) throw error;
      answer({
        error:
          typeof error === 'string' ? { code: error, message: error, temporary: false } : error,
      });
      if (op === 'auth') setTimeout(() => session.socket.close(4500), 20);
    }
  }

  op_auth(session, { user, nick, token }) {
    if (token !== undefined && token !== 'good') throw 'unauthorized';
    session.user = user ?? (token ? 'token-user' : `guest-${++this.#guests}`);
    session.nick = nick ?? session.user;
    this.#sessions.add(session);
    const limits = {
      frame_bytes: 65_536,
      text_bytes: TEXT_MAX,
      rooms: 32,
      commands_per_s: 20,
      publish_per_s: 5,
    };
    return {
      session: 's',
      user: session.user,
      resume: 'r',
      heartbeat_ms: this.heartbeatMs,
      limits,
    };
  }

  op_ping() {
    return {};
  }

  op_join(session, { room: name, since, recent = 0 }) {
    if (session.rooms.has(name)) throw 'already_member';
    const room = this.#room(name);
    const missed = since ? room.log.filter((message) => message.offset > since.offset) : [];
    const recovered = Boolean(
      since &&
      since.epoch === room.epoch &&
      since.offset <= room.head &&
      room.head - since.offset <= HISTORY_MAX,
    );
    let messages = since ? (recovered ? missed : []) : recent ? room.log.slice(-recent) : [];
    const more = since ? messages.length > 100 : room.log.length > messages.length;
    if (since) messages = messages.slice(0, 100);
    const first = !room.members.has(session.user);
    const member = room.members.get(session.user) ?? {
      user: session.user,
      nick: session.nick,
      role: room.members.size === 0 ? 'owner' : 'member',
      since: Date.now(),
      sessions: 0,
    };
    member.sessions += 1;
    room.members.set(session.user, member);
    session.rooms.add(name);
    return {
      room: name,
      epoch: room.epoch,
      offset: room.head,
      online: room.members.size,
      role: member.role,
      state: {
        policy: room.policy,
        attributes: room.attributes ?? {},
        pinned: [],
        channels: [{ name: 'main', state: 'open', creator: '' }],
      },
      was_recovering: Boolean(since),
      recovered,
      messages,
      more,
      then: () =>
        first &&
        this.#presence(room, {
          joins: [{ user: member.user, nick: member.nick, role: member.role }],
          leaves: [],
        }),
    };
  }

  op_leave(session, { room }) {
    this.#leave(session, room);
    return {};
  }

  #leave(session, name) {
    session.rooms.delete(name);
    const room = this.#rooms.get(name);
    const member = room?.members.get(session.user);
    if (!member || --member.sessions > 0) return;
    room.members.delete(session.user);
    this.#presence(room, { joins: [], leaves: [session.user] });
  }

  #presence(room, change) {
    room.version += 1;
    this.broadcast(
      {
        event: 'presence',
        room: room.name,
        online: room.members.size,
        version: room.version,
        ...change,
      },
      room.name,
    );
  }

  op_publish(session, { room: name, text = '', kind = 'text', key, data }) {
    if (!session.rooms.has(name)) throw 'not_member';
    if (!text) throw 'bad_request';
    if (Buffer.byteLength(text) > TEXT_MAX) throw 'too_large';
    const room = this.#room(name);
    room.keys ??= new Map();
    const seen = key && room.keys.get(`${session.user} ${key}`);
    if (seen) return { epoch: room.epoch, offset: seen };
    const { nick, role } = room.members.get(session.user);
    const offset = this.say(name, session.user, text, { nick, role, kind, data });
    if (key) room.keys.set(`${session.user} ${key}`, offset);
    return { epoch: room.epoch, offset };
  }

  op_history(session, { room: name, before = Infinity, after, limit = 50 }) {
    const room = this.#room(name);
    const found = room.log.filter((m) =>
      after === undefined ? m.offset < before : m.offset > after,
    );
    const messages = after === undefined ? found.slice(-limit) : found.slice(0, limit);
    return { epoch: room.epoch, messages, more: found.length > messages.length };
  }

  op_presence(session, { room: name, limit = 50, cursor = '0' }) {
    const room = this.#room(name);
    const all = [...room.members.values()].map(({ sessions, ...member }) => member);
    const from = Number(cursor);
    const next = from + limit < all.length ? String(from + limit) : undefined;
    return {
      online: all.length,
      version: room.version,
      members: all.slice(from, from + limit),
      next,
    };
  }

  op_send_to(session, { user, text }) {
    const targets = [...this.#sessions].filter((other) => other.user === user);
    if (targets.length === 0) throw { code: 'not_found', message: 'nobody there', temporary: true };
    const event = {
      event: 'direct',
      user: session.user,
      nick: session.nick,
      to: user,
      kind: 'text',
      text,
      time: Date.now(),
    };
    for (const target of targets) target.socket.send(JSON.stringify(event));
    return { sessions: targets.length };
  }

  peopleIn(roomName) {
    return [...this.#room(roomName).members.keys()];
  }

  /** Members who only stand in the list. */
  populate(roomName, people) {
    const room = this.#room(roomName);
    for (const person of people)
      room.members.set(person.user, { role: 'member', since: Date.now(), sessions: 1, ...person });
    this.#presence(room, { joins: people, leaves: [] });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { crowdLine } = await import('./crowd.mjs');
  const [port = '8099', rate = '4'] = process.argv.slice(2);
  const server = await new MockServer().start(Number(port));
  server.flood('live/1', Number(rate), crowdLine);
  console.log(`${server.url}?room=live/1&name=Alice`);
}
