// Where one stands in the lines of a room: the one in front of it while it is full, and that of
// those who would like to speak.

export class Places {
  /** 0: one does not stand there. */
  room = 0;
  speak = 0;
  /** How many do, as members are told. */
  waiting = { room: 0, speak: 0 };
  /** The line in front of the room is as long as it may be. */
  refused = false;

  #chat;

  /** @param {import('./room.js').Room} chat */
  constructor(chat) {
    this.#chat = chat;
  }

  /** @param {'room'|'speak'} line  @returns {Promise<any>} the refusal, if it was one */
  async lineUp(line) {
    try {
      await this.#chat.command('enqueue', { line });
      this.refused = false;
    } catch (error) {
      if (line === 'room' && error.code === 'queue_full') this.refused = true;
      return error.code === 'disconnected' ? undefined : error;
    }
  }

  goOut(line) {
    return this.#chat.command('dequeue', { line }).catch(() => {});
  }

  /** @internal a `queue` or `called` event */
  take({ event, line, position = 0, waiting }) {
    if (event === 'called') this[line] = 0;
    else if (waiting === undefined) this[line] = position;
    else this.waiting[line] = waiting;
  }

  /** @internal */
  clear() {
    this.room = this.speak = 0;
    this.refused = false;
  }
}
