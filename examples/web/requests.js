// Commands that wait for their answers, by number, each with a limit on how long.

import { ChatError } from './words.js';

export class Requests {
  #most;
  #timeoutMs;
  #waiting = new Map(); // id: {resolve, reject, timer}
  #nextId = 1;

  constructor({ most, timeoutMs }) {
    this.#most = most;
    this.#timeoutMs = timeoutMs;
  }

  /** Takes a number for a command and sends it with that.
   * @param {(id: number) => void} send */
  ask(send, resolve, reject) {
    if (this.#waiting.size >= this.#most) {
      return reject(new ChatError('queue_full', { temporary: true }));
    }
    const id = this.#nextId;
    this.#nextId = id >= 0xffff_ffff ? 1 : id + 1;
    const timer = setTimeout(() => {
      this.#waiting.delete(id);
      reject(new ChatError('timeout', { temporary: true }));
    }, this.#timeoutMs);
    this.#waiting.set(id, { resolve, reject, timer });
    send(id);
  }

  answer({ id, ok, error }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (error) waiting.reject(ChatError.from(error));
    else waiting.resolve(ok ?? {});
  }

  /** Nobody will answer any more. */
  fail(error) {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, timer } of waiting) {
      clearTimeout(timer);
      reject(error);
    }
  }
}
