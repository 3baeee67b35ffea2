// The protocol of a chatroom server for browsers: JSON over a WebSocket, subprotocol
// chatroom.v1.json. One client is one signed-in connection that comes back by itself; a room (see
// room.js) keeps its place in the conversation across those returns.
//
//   const client = new ChatClient('wss://host/chat', { user: 'alice', nick: 'Alice' });
//   const room = client.room('live/1', { recent: 20 });
//   room.addEventListener('message', (e) => console.log(e.detail.message.text));
//   client.connect();
//   await room.publish('hello');
//
// No DOM and no page in here: it runs wherever there is a WebSocket and an EventTarget.

import { Room } from './room.js';
import { ChatError, ChatEvent } from './words.js';
import { closeSentence } from './sentences.js';

export { Room } from './room.js';
export { ChatError, ChatEvent } from './words.js';
export * from './sentences.js';

export const SUBPROTOCOL = 'chatroom.v1.json';

/**
 * How to sign in. `{token}`, or on open servers `{user, nick}`; nothing at all makes a guest. A
 * function is asked at every connection, so it may fetch a fresh token.
 * @typedef {{token?: string, user?: string, nick?: string}} Credentials
 * @typedef {Credentials | (() => Credentials | Promise<Credentials>)} Auth
 */

/** @type {Readonly<Record<string, any>>} */
const DEFAULTS = Object.freeze({
  WebSocket: globalThis.WebSocket,
  backoffBaseMs: 800, // the first wait; doubled each time, then spread by chance
  backoffMaxMs: 30_000,
  connectTimeoutMs: 10_000, // from opening the socket until signed in
  requestTimeoutMs: 15_000,
  pongTimeoutMs: 10_000,
  requestsMax: 256, // answers waited for; more: queue_full
});

/** Close codes outside 4000-4999 after which the same would only happen again. */
const FINAL_CLOSES = new Set([1002, 1003, 1007, 1008, 1010]);

/** Whether a client should come back after this close code: the range decides. */
export function reconnects(code) {
  if (code >= 4500 && code <= 4999) return false;
  return !FINAL_CLOSES.has(code);
}

/**
 * A connection that keeps itself alive.
 *
 * Events (all carry `detail`): `state` {state, code, reason, retryAt, error}; `direct`, a message
 * to this user alone; `notice`, an error event without an id; `reconnect`, the server's request
 * to come back; `event`, every event as it came.
 */
export class ChatClient extends EventTarget {
  /** idle, connecting, live, waiting (for the next try) or closed (for good). */
  state = 'idle';
  /** @type {string|undefined} who we are; the server's word, kept over reconnects */
  user;
  /** @type {Record<string, number>} what the server allows */
  limits = {};
  heartbeatMs = 25_000;
  /** @type {number|undefined} when the next try begins, by performance.now() */
  retryAt;
  /** How the last connection ended. */
  lastClose = { code: 0, reason: '', error: /** @type {ChatError|null} */ (null) };

  #url;
  #nextAddress; // from a `reconnect` event, for the next connection
  #address; // where `reconnect` sent us; one failure there and the first address is good again
  #auth;
  #options;
  #socket = null;
  #rooms = new Map();
  #pending = new Map(); // id: {resolve, reject, timer}
  #nextId = 1;
  #attempt = 0;
  #refreshed = false; // a fresh token was asked for and not yet accepted
  #comeBackAt = 0; // performance.now() before which a `reconnect` event wants us away
  #heardAt = 0;
  #pingAt = 0;
  #timers = { retry: 0, deadline: 0, watch: 0, move: 0, calm: 0 };
  #onOnline = () => this.#networkIsBack();

  /**
   * @param {string} url  ws:// or wss:// address of the server's /chat
   * @param {Auth} [auth]
   * @param {Record<string, any>} [options]  see DEFAULTS
   */
  constructor(url, auth = {}, options = {}) {
    super();
    this.#url = url;
    this.#auth = auth;
    this.#options = { ...DEFAULTS, ...options };
  }

  get nick() {
    return typeof this.#auth === 'object' ? this.#auth.nick : undefined;
  }
  get url() {
    return this.#address ?? this.#url;
  }

  /** Opens the connection, and again whenever it is lost, until close(). */
  connect() {
    if (this.state === 'connecting' || this.state === 'live') return;
    globalThis.addEventListener?.('online', this.#onOnline);
    this.#open();
  }

  /** Ends the connection for good. connect() begins anew. */
  close() {
    globalThis.removeEventListener?.('online', this.#onOnline);
    this.#abandon(1000);
    this.#failPending(new ChatError('closed'));
    this.#become('closed', { code: 1000, reason: '', error: null });
  }

  /** Tries at once instead of waiting any longer; also after a final close. */
  retry() {
    if (this.state !== 'waiting' && this.state !== 'closed') return;
    this.#comeBackAt = 0;
    this.connect();
  }

  /** A nick is part of signing in, so changing it is a short reconnect; rooms keep their place. */
  rename(nick) {
    if (typeof this.#auth !== 'object' || this.#auth.token) throw new ChatError('unsupported');
    this.#auth = { ...this.#auth, nick };
    if (this.state === 'idle' || this.state === 'closed') return;
    this.#abandon(1000);
    this.#failPending(new ChatError('disconnected'));
    this.#open();
  }

  /**
   * The room of that name, joined now and after every reconnect until leave().
   * @param {string} name
   * @param {{channels?: string[], password?: string, recent?: number}} [options]
   */
  room(name, options = {}) {
    let room = this.#rooms.get(name);
    if (!room) {
      room = new Room(this, name, options);
      this.#rooms.set(name, room);
      if (this.state === 'live') room.enter();
    }
    return room;
  }

  /** @internal a room that was left for good */
  forget(room) {
    if (this.#rooms.get(room.name) === room) this.#rooms.delete(room.name);
  }

  /**
   * Sends a command and waits for its answer.
   * @returns {Promise<any>} what stands in `ok`; rejects with a ChatError
   */
  request(op, fields = {}) {
    return new Promise((resolve, reject) => this.ask(op, fields, resolve, reject));
  }

  /** @internal request() without the promise: the answer is told before the next frame is read,
   * which a promise does not promise outside of browsers. */
  ask(op, fields, resolve, reject) {
    if (this.state !== 'live' && op !== 'auth') return reject(new ChatError('disconnected'));
    if (this.#pending.size >= this.#options.requestsMax) {
      return reject(new ChatError('queue_full', { temporary: true }));
    }
    const id = this.#takeId();
    const timer = setTimeout(() => {
      this.#pending.delete(id);
      reject(new ChatError('timeout', { temporary: true }));
    }, this.#options.requestTimeoutMs);
    this.#pending.set(id, { resolve, reject, timer });
    this.#socket.send(JSON.stringify({ id, op, ...fields }));
  }

  /** A message to one user, wherever he is. @returns {Promise<{sessions: number}>} */
  sendTo(user, text, { kind, data } = {}) {
    return this.request('send_to', { user, text, kind, data });
  }

  /** How long the server takes to answer, in ms. */
  async ping() {
    const sent = performance.now();
    await this.request('ping');
    return performance.now() - sent;
  }

  // Opening and signing in

  #open() {
    this.#clearTimers();
    this.#address = this.#nextAddress ?? this.#address;
    this.#nextAddress = undefined;
    this.#become('connecting');
    let socket;
    try {
      socket = new this.#options.WebSocket(this.url, SUBPROTOCOL);
    } catch {
      // An address that is no address will not get better.
      return this.#become('closed', { code: 1002, reason: closeSentence(1002), error: null });
    }
    this.#socket = socket;
    socket.onmessage = (event) => socket === this.#socket && this.#hear(event.data);
    socket.onerror = () => {}; // onclose follows
    socket.onclose = (event) => socket === this.#socket && this.#lost(event.code, event.reason);
    this.#timers.deadline = setTimeout(() => this.#drop(), this.#options.connectTimeoutMs);
  }

  async #signIn(hello) {
    if (hello.heartbeat_ms > 0) this.heartbeatMs = hello.heartbeat_ms;
    const socket = this.#socket;
    try {
      const auth = typeof this.#auth === 'function' ? await this.#auth() : this.#auth;
      if (socket !== this.#socket) return;
      // A guest keeps the name the server gave him, or his own messages would become a stranger's.
      const { token, nick, user = this.user } = auth ?? {};
      const ok = await this.request('auth', token ? { token } : { user, nick });
      if (socket !== this.#socket) return;
      this.#welcome(ok);
    } catch (error) {
      if (socket === this.#socket) this.#refused(error);
    }
  }

  #welcome(ok) {
    clearTimeout(this.#timers.deadline);
    this.user = ok.user ?? this.user;
    this.limits = ok.limits ?? {};
    if (ok.heartbeat_ms > 0) this.heartbeatMs = ok.heartbeat_ms;
    this.#refreshed = false;
    // Only a connection that lasts proves that the trouble is over.
    this.#timers.calm = setTimeout(() => (this.#attempt = 0), 5_000);
    this.#watch();
    this.#become('live');
    for (const room of this.#rooms.values()) room.enter();
  }

  #refused(error) {
    const known = error instanceof ChatError ? error : new ChatError('unauthorized');
    if (known.code === 'disconnected') return; // onclose has the reason
    this.#abandon(1000);
    const stale = known.code === 'unauthorized' || known.code === 'token_expired';
    const refresh = stale && typeof this.#auth === 'function' && !this.#refreshed;
    if (refresh) this.#refreshed = true;
    if (refresh || known.temporary)
      return this.#wait(known.retryAfterMs, { code: 4500, error: known });
    this.#become('closed', { code: 4500, reason: closeSentence(4500), error: known });
  }

  // Losing and coming back

  #lost(code, reason) {
    const live = this.state === 'live';
    this.#abandon(0);
    this.#failPending(new ChatError('disconnected', { temporary: true }));
    if (!live) this.#address = undefined;
    const end = { code, reason: reason || closeSentence(code), error: null };
    const refresh = code === 4506 && typeof this.#auth === 'function' && !this.#refreshed;
    if (refresh) this.#refreshed = true;
    if (reconnects(code) || refresh) return this.#wait(0, end);
    globalThis.removeEventListener?.('online', this.#onOnline);
    this.#become('closed', end);
  }

  /** Gives up a socket that says nothing; a dead link would take minutes to report its end. */
  #drop() {
    this.#socket?.close();
    this.#lost(1006, '');
  }

  #wait(atLeastMs, end) {
    const { backoffBaseMs, backoffMaxMs } = this.#options;
    const ceiling = Math.min(backoffMaxMs, backoffBaseMs * 2 ** Math.min(this.#attempt, 16));
    this.#attempt += 1;
    const now = performance.now();
    const asked = Math.max(atLeastMs ?? 0, this.#comeBackAt - now);
    const delay =
      asked > 0 ? asked * (1 + Math.random() * 0.1) : ceiling * (0.3 + Math.random() * 0.7);
    this.#comeBackAt = 0;
    this.retryAt = now + delay;
    this.#timers.retry = setTimeout(() => this.#open(), delay);
    this.#become('waiting', end);
  }

  #networkIsBack() {
    if (this.state === 'waiting') this.retry();
    else if (this.state === 'live') this.#sendPing();
  }

  /** The server asks to be left, later, perhaps for another address. */
  #move({ after_ms: afterMs = 0, address }) {
    const target = address && sameOrSafer(this.#url, address);
    if (target) this.#nextAddress = target;
    this.#comeBackAt = performance.now() + afterMs;
    clearTimeout(this.#timers.move);
    this.#timers.move = setTimeout(() => {
      this.#comeBackAt = 0;
      this.#abandon(1000);
      this.#failPending(new ChatError('disconnected', { temporary: true }));
      this.#open();
    }, afterMs);
  }

  // Hearing

  #hear(data) {
    this.#heardAt = performance.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return; // not ours to judge; the watchdog ends a link that only talks nonsense
    }
    if (frame === null || typeof frame !== 'object') return;
    if (frame.event) this.#onEvent(frame);
    else this.#onAnswer(frame);
  }

  #onAnswer({ id, ok, error }) {
    const waiting = this.#pending.get(id);
    if (!waiting) return;
    this.#pending.delete(id);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(ChatError.from(error));
    else waiting.resolve(ok ?? {});
  }

  #onEvent(frame) {
    switch (frame.event) {
      case 'hello':
        this.#signIn(frame);
        break;
      case 'direct':
        this.#emit('direct', frame);
        break;
      case 'error':
        this.#emit('notice', ChatError.from(frame.error ?? {}));
        break;
      case 'reconnect':
        this.#move(frame);
        this.#emit('reconnect', frame);
        break;
      default:
        if (frame.room !== undefined) this.#rooms.get(frame.room)?.take(frame);
    }
    this.#emit('event', frame);
  }

  // The server pings below us, where a page cannot see it; so a quiet link is asked now and then.
  #watch() {
    clearTimeout(this.#timers.watch);
    const now = performance.now();
    const unanswered = this.#pingAt > this.#heardAt;
    if (unanswered && now - this.#pingAt >= this.#options.pongTimeoutMs) return this.#drop();
    if (!unanswered && now - this.#heardAt >= this.heartbeatMs) this.#sendPing();
    const rest = this.#pingAt > this.#heardAt ? this.#options.pongTimeoutMs : this.heartbeatMs / 2;
    this.#timers.watch = setTimeout(() => this.#watch(), Math.max(250, rest));
  }

  #sendPing() {
    if (this.#pingAt > this.#heardAt) return;
    this.#pingAt = performance.now();
    this.request('ping').catch(() => {});
    clearTimeout(this.#timers.watch);
    this.#timers.watch = setTimeout(() => this.#watch(), this.#options.pongTimeoutMs);
  }

  // Small parts

  #abandon(code) {
    const socket = this.#socket;
    this.#socket = null;
    this.#pingAt = 0;
    this.#clearTimers();
    for (const room of this.#rooms.values()) room.interrupt();
    if (code && socket) socket.close(code);
  }

  #failPending(error) {
    const waiting = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, timer } of waiting) {
      clearTimeout(timer);
      reject(error);
    }
  }

  #clearTimers() {
    for (const name of Object.keys(this.#timers)) clearTimeout(this.#timers[name]);
  }

  #takeId() {
    const id = this.#nextId;
    this.#nextId = id >= 0xffff_ffff ? 1 : id + 1;
    return id;
  }

  #become(state, end) {
    this.state = state;
    if (state !== 'waiting') this.retryAt = undefined;
    if (end) this.lastClose = { code: 0, reason: '', error: null, ...end };
    this.#emit('state', { state, retryAt: this.retryAt, ...(end ?? {}) });
  }

  #emit(type, detail) {
    this.dispatchEvent(new ChatEvent(type, detail));
  }
}

/** The address a server sent us to, unless it would take us from wss down to ws. */
function sameOrSafer(from, address) {
  try {
    const base = new URL(from);
    const next = new URL(
      /^wss?:\/\//.test(address) ? address : `${base.protocol}//${address}${base.pathname}`,
    );
    if (base.protocol === 'wss:' && next.protocol !== 'wss:') return undefined;
    return next.href;
  } catch {
    return undefined;
  }
}
