// What is said waits here while its room cannot be reached, and is tried again; the key sees to it
// that it is said once.

import { ChatError } from './words.js';

const WAITING_MAX = 16; // publishes that wait for the room; past that, queue_full
const PATIENCE_MS = 60_000; // how long a publish may wait and be tried again

export class Outbox {
  #door;
  #count = 0;
  #waiters = new Set();

  /** @param {{open: () => boolean, shut: () => ChatError|null,
   *   send: (fields: object) => Promise<any>}} door  `shut`: why it will not open again */
  constructor(door) {
    this.#door = door;
  }

  async publish({ key = newKey(), ...fields }) {
    if (this.#count >= WAITING_MAX) throw new ChatError('queue_full', { temporary: true });
    const until = performance.now() + PATIENCE_MS;
    this.#count += 1;
    try {
      for (;;) {
        const why = this.#door.shut();
        if (why) throw why;
        if (!this.#door.open()) await this.#opened(until - performance.now());
        try {
          return await this.#door.send({ key, ...fields });
        } catch (error) {
          if (error.code !== 'disconnected' || performance.now() >= until) throw error;
        }
      }
    } finally {
      this.#count -= 1;
    }
  }

  /** The door has opened, or with an error: it will not. */
  settle(error) {
    for (const done of [...this.#waiters]) done(error);
  }

  #opened(patienceMs) {
    return new Promise((resolve, reject) => {
      const done = (error) => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        if (error) reject(error);
        else resolve();
      };
      const late = () => done(new ChatError('disconnected', { temporary: true }));
      const timer = setTimeout(late, Math.max(0, patienceMs));
      this.#waiters.add(done);
    });
  }
}

/** An idempotency key. It need only differ from this user's others of five minutes. */
function newKey() {
  const chance = () => Math.random().toString(36).slice(2);
  return `${Date.now().toString(36)}.${chance()}${chance()}`.slice(0, 48);
}
