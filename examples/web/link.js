// One connection: a WebSocket, the commands that wait on it for their answers, and whether it is
// still alive. Once given up it says nothing more.

import { Pulse } from './pulse.js';
import { Requests } from './requests.js';
import { ChatError } from './words.js';

export const SUBPROTOCOL = 'chatroom.v1.json';
const OPEN = 1; // readyState

/** @type {Readonly<Record<string, any>>} */
export const DEFAULTS = Object.freeze({
  WebSocket: globalThis.WebSocket,
  backoffBaseMs: 800, // the first wait; doubled each time, then spread by chance
  backoffMaxMs: 30_000,
  connectTimeoutMs: 10_000, // from opening the socket until signed in
  requestTimeoutMs: 15_000,
  pongTimeoutMs: 10_000,
  requestsMax: 256, // answers waited for; more: queue_full
});

export class Link {
  #socket;
  #requests;
  #pulse;
  #hooks;

  /**
   * Throws if the address is none.
   * @param {string} address
   * @param {Record<string, any>} options  see DEFAULTS
   * @param {{event: (frame: any) => void, lost: (code: number, reason: string) => void}} hooks
   */
  constructor(address, options, hooks) {
    const socket = (this.#socket = new options.WebSocket(address, SUBPROTOCOL));
    this.#hooks = hooks;
    this.#requests = new Requests({
      most: options.requestsMax,
      timeoutMs: options.requestTimeoutMs,
    });
    this.#pulse = new Pulse({
      pongTimeoutMs: options.pongTimeoutMs,
      ping: () =>
        this.ask(
          'ping',
          {},
          () => {},
          () => {},
        ),
      dead: () => this.drop(),
    });
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onerror = () => {}; // onclose follows
    socket.onclose = (event) => this.#hooks?.lost(event.code, event.reason);
  }

  ask(op, fields, resolve, reject) {
    // A socket that is closing tells so at once; then all that waits is refused.
    const send = (id) =>
      this.#socket.readyState === OPEN && this.#socket.send(JSON.stringify({ id, op, ...fields }));
    this.#requests.ask(send, resolve, reject);
  }

  /** The server's word on how often it wants to hear from us. */
  beat(heartbeatMs) {
    if (heartbeatMs > 0) this.#pulse.heartbeatMs = heartbeatMs;
  }

  watch() {
    this.#pulse.watch();
  }

  check() {
    this.#pulse.check();
  }

  /** Gives up a socket that says nothing; a dead link would take minutes to report its end. */
  drop() {
    this.#socket.close();
    this.#hooks?.lost(1006, '');
  }

  /** Nothing more is heard of it. `code` 0: it is closed already. */
  abandon(code) {
    this.#hooks = null;
    this.#pulse.stop();
    if (code) this.#socket.close(code);
  }

  /** What waits for an answer gets none. */
  fail(code) {
    this.#requests.fail(new ChatError(code, { temporary: code !== 'closed' }));
  }

  #hear(data) {
    if (!this.#hooks) return;
    this.#pulse.heard();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return; // not ours to judge; the pulse ends a link that only talks nonsense
    }
    if (frame === null || typeof frame !== 'object') return;
    if (frame.event) this.#hooks.event(frame);
    else this.#requests.answer(frame);
  }
}
