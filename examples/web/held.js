// Messages that wait for a moderator, as far as this session was told of them.

import { rankOf } from './channels.js';

export class Held {
  /** By number, oldest first. @type {Map<number, import('./room-commands.js').Message>} */
  messages = new Map();

  #chat;

  /** @param {import('./room.js').Room} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** What waited before we came, or before we were of rank; it comes as `held` events. */
  ask() {
    this.messages.clear();
    if (rankOf(this.#chat.role) < rankOf('moderator')) return;
    const next = (held) =>
      this.#chat
        .command('list_held', { held })
        .then(({ more }) => more && next(Math.max(...this.messages.keys())))
        .catch(() => {}); // it is gone, or an older server
    next(0);
  }

  /** @internal */
  take({ held, action, message }) {
    if (action === 'hold') this.messages.set(held, message);
    else this.messages.delete(held);
  }
}
