// Whether a connection is still alive. The server pings below us, where a page cannot see it; so a
// quiet link is asked now and then, and given up when it does not answer.

export class Pulse {
  heartbeatMs = 25_000;

  #pongTimeoutMs;
  #ping;
  #dead;
  #heardAt = 0;
  #pingAt = 0;
  #timer = 0;

  /** @param {{pongTimeoutMs: number, ping: () => void, dead: () => void}} options */
  constructor({ pongTimeoutMs, ping, dead }) {
    this.#pongTimeoutMs = pongTimeoutMs;
    this.#ping = ping;
    this.#dead = dead;
  }

  heard() {
    this.#heardAt = performance.now();
  }

  watch() {
    clearTimeout(this.#timer);
    const now = performance.now();
    if (this.#unanswered && now - this.#pingAt >= this.#pongTimeoutMs) return this.#dead();
    if (!this.#unanswered && now - this.#heardAt >= this.heartbeatMs) this.check();
    const rest = this.#unanswered ? this.#pongTimeoutMs : this.heartbeatMs / 2;
    this.#timer = setTimeout(() => this.watch(), Math.max(250, rest));
  }

  /** Asks now. */
  check() {
    if (this.#unanswered) return;
    this.#pingAt = performance.now();
    this.#ping();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.watch(), this.#pongTimeoutMs);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#pingAt = 0;
  }

  get #unanswered() {
    return this.#pingAt > this.#heardAt;
  }
}
