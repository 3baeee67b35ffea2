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

import { delayOf, reconnects, sameOrSafer } from './address.js';
import { DEFAULTS, Link } from './link.js';
import { Room } from './room.js';
import { ChatError, ChatEvent } from './words.js';
import { closeSentence } from './sentences.js';

export { reconnects } from './address.js';
export { Room } from './room.js';
export { ChatError, ChatEvent } from './words.js';
export * from './sentences.js';

/**
 * How to sign in. `{token}`, or on open servers `{user, nick}`; nothing at all makes a guest. A
 * function is asked at every connection, so it may fetch a fresh token.
 * @typedef {{token?: string, user?: string, nick?: string}} Credentials
 * @typedef {Credentials | (() => Credentials | Promise<Credentials>)} Auth
 */

const STALE = new Set(['unauthorized', 'token_expired']);

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
  /** @type {number|undefined} when the next try begins, by performance.now() */
  retryAt;
  /** How the last connection ended. */
  lastClose = { code: 0, reason: '', error: /** @type {ChatError|null} */ (null) };

  #url;
  #nextAddress; // from a `reconnect` event, for the next connection
  #address; // where `reconnect` sent us; one failure there and the first address is good again
  #auth;
  #options;
  /** @type {Link|null} */
  #link = null;
  #rooms = new Map();
  #attempt = 0;
  #refreshed = false; // a fresh token was asked for and not yet accepted
  #comeBackAt = 0; // performance.now() before which a `reconnect` event wants us away
  #timers = { retry: 0, deadline: 0, move: 0, calm: 0 };
  #onOnline = () => (this.state === 'waiting' ? this.retry() : this.#link?.check());

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
    return this.#auth.nick; // a function has none
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
    this.#abandon(1000, 'closed');
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
    this.#link.ask(op, fields, resolve, reject);
  }

  /** A message to one user, wherever he is. @returns {Promise<{sessions: number}>} */
  sendTo(user, text, { kind, data } = {}) {
    return this.request('send_to', { user, text, kind, data });
  }

  // Opening and signing in

  #open() {
    this.#clearTimers();
    this.#address = this.#nextAddress ?? this.#address;
    this.#nextAddress = undefined;
    this.#become('connecting');
    try {
      const link = new Link(this.url, this.#options, {
        event: (frame) => this.#onEvent(frame),
        lost: (code, reason) => this.#lost(code, reason),
      });
      this.#link = link;
      this.#timers.deadline = setTimeout(() => link.drop(), this.#options.connectTimeoutMs);
    } catch {
      // An address that is no address will not get better.
      this.#become('closed', { code: 1002, reason: closeSentence(1002), error: null });
    }
  }

  async #signIn(hello) {
    const link = this.#link;
    link.beat(hello.heartbeat_ms);
    try {
      const auth = typeof this.#auth === 'function' ? await this.#auth() : this.#auth;
      if (link !== this.#link) return;
      // A guest keeps the name the server gave him, or his own messages would become a stranger's.
      const { token, nick, user = this.user } = auth ?? {};
      const ok = await this.request('auth', token ? { token } : { user, nick });
      if (link !== this.#link) return;
      this.#welcome(ok);
    } catch (error) {
      if (link === this.#link) this.#refused(error);
    }
  }

  #welcome(ok) {
    clearTimeout(this.#timers.deadline);
    this.user = ok.user ?? this.user;
    this.limits = ok.limits ?? {};
    this.#link.beat(ok.heartbeat_ms);
    this.#refreshed = false;
    // Only a connection that lasts proves that the trouble is over.
    this.#timers.calm = setTimeout(() => (this.#attempt = 0), 5_000);
    this.#link.watch();
    this.#become('live');
    for (const room of this.#rooms.values()) room.enter();
  }

  #refused(error) {
    const known = error instanceof ChatError ? error : new ChatError('unauthorized');
    if (known.code === 'disconnected') return; // onclose has the reason
    this.#abandon(1000);
    const refresh = STALE.has(known.code) && this.#refreshes();
    if (refresh || known.temporary)
      return this.#wait(known.retryAfterMs, { code: 4500, error: known });
    this.#become('closed', { code: 4500, reason: closeSentence(4500), error: known });
  }

  // Losing and coming back

  #lost(code, reason) {
    const live = this.state === 'live';
    this.#abandon(0);
    if (!live) this.#address = undefined;
    const end = { code, reason: reason || closeSentence(code), error: null };
    if (reconnects(code) || (code === 4506 && this.#refreshes())) return this.#wait(0, end);
    globalThis.removeEventListener?.('online', this.#onOnline);
    this.#become('closed', end);
  }

  /** Once, a fresh token may help. */
  #refreshes() {
    if (typeof this.#auth !== 'function' || this.#refreshed) return false;
    return (this.#refreshed = true);
  }

  #wait(atLeastMs, end) {
    const { backoffBaseMs: baseMs, backoffMaxMs: maxMs } = this.#options;
    const now = performance.now();
    const asked = Math.max(atLeastMs ?? 0, this.#comeBackAt - now);
    const delay = delayOf(this.#attempt++, { baseMs, maxMs }, asked);
    this.#comeBackAt = 0;
    this.retryAt = now + delay;
    this.#timers.retry = setTimeout(() => this.#open(), delay);
    this.#become('waiting', end);
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
      this.#open();
    }, afterMs);
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

  #abandon(code, why = 'disconnected') {
    const link = this.#link;
    this.#link = null;
    this.#clearTimers();
    for (const room of this.#rooms.values()) room.interrupt();
    link?.abandon(code);
    link?.fail(why);
  }

  #clearTimers() {
    for (const name of Object.keys(this.#timers)) clearTimeout(this.#timers[name]);
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
