// Up to where one has read: told to the server while somebody looks, shown as a line above what is
// new since the last visit, and under one's own last message as how many have read it.

const TELL_MS = 2_000; // at most so often

export class Receipts {
  #room;
  #words;
  #touch;
  #told = 0;
  #due = 0;
  #timer = 0;
  #served = true; // until the room says that it has none
  #divide = 0; // what comes after this is new; 0: nothing to divide
  #readers = new Map(); // user: up to where
  #mine = null; // the entry of one's own last message

  /** @param {{room: import('./room.js').Room, words: any, touch: (entry: any) => void}} options */
  constructor({ room, words, touch }) {
    this.#room = room;
    this.#words = words;
    this.#touch = touch;
  }

  destroy() {
    clearTimeout(this.#timer);
  }

  /** A first join, before what it brought. */
  begin({ read, unread }) {
    this.#told = Math.max(this.#told, read ?? 0);
    this.#divide = unread > 0 && read > 0 ? read : 0;
  }

  /** Whether the line belongs above this message. */
  divides({ offset }) {
    if (this.#divide === 0 || !(offset > this.#divide)) return false;
    this.#divide = 0;
    return true;
  }

  /** All up to there was looked at. */
  looked(offset) {
    if (!this.#served || offset <= Math.max(this.#told, this.#due)) return;
    this.#due = offset;
    this.#timer ||= setTimeout(() => this.#tell(), this.#told > 0 ? TELL_MS : 0);
  }

  /** One's own newest message. */
  said(entry) {
    if (this.#mine?.seen) {
      this.#mine.seen = undefined;
      this.#touch(this.#mine);
    }
    this.#mine = entry;
  }

  /** A `receipt` event: who, or how many have read up to where. */
  take({ user, offset, count }) {
    if (user !== undefined) this.#readers.set(user, offset);
    const mine = this.#mine;
    if (!mine) return;
    const among = [...this.#readers].filter(([who, at]) => who !== mine.user && at >= mine.offset);
    const readers = user === undefined && offset >= mine.offset ? count : among.length;
    const seen = readers > 0 ? this.#words.readBy(readers) : undefined;
    if (seen === mine.seen) return;
    mine.seen = seen;
    this.#touch(mine);
  }

  async #tell() {
    const offset = this.#due;
    try {
      await this.#room.ack(offset);
      this.#told = offset;
    } catch (error) {
      if (error.code === 'unsupported') this.#served = false;
      this.#due = this.#told;
    }
    const more = this.#served && this.#due > this.#told;
    this.#timer = more ? setTimeout(() => this.#tell(), TELL_MS) : 0;
  }
}
