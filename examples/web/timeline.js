// What was said, by channel, bounded: one channel's part of it or several merged, in one order.
// Notes of the page itself belong to all.

const PER_CHANNEL = 200;
const NOTES = 60;

/** @typedef {import('./rows.js').Entry & {order?: number}} Entry */

export class Timeline {
  /** @type {Map<string, Entry[]>} */
  #channels = new Map();
  #notes = [];
  #base = 0; // offsets begin anew with a new log; places here do not
  #last = 0;

  /** @param {Entry} entry  @returns {boolean} false: it is there already */
  add(entry) {
    entry.order = entry.offset > 0 ? this.#base + entry.offset : this.#last + 0.5;
    this.#last = Math.max(this.#last, Math.floor(entry.order));
    if (!entry.channel) {
      this.#notes.push(entry);
      if (this.#notes.length > NOTES) this.#notes.shift();
      return true;
    }
    const list = this.#of(entry.channel);
    const newest = list.at(-1)?.order ?? 0;
    const late = entry.offset > 0 && entry.order <= newest;
    if (late && list.some((other) => other.offset === entry.offset)) return false;
    list.push(entry);
    if (late) list.sort(inOrder);
    if (list.length > PER_CHANNEL) list.shift();
    return true;
  }

  /** Of these channels, merged, with the notes. @param {string[]} names  @returns {Entry[]} */
  view(names) {
    const parts = names.map((name) => this.#channels.get(name) ?? []);
    return [...parts.flat(), ...this.#notes].sort(inOrder);
  }

  count(name) {
    return this.#channels.get(name)?.length ?? 0;
  }

  /** @param {number} offset  @returns {Entry|undefined} */
  find(offset) {
    for (const list of this.#channels.values()) {
      const found = list.find((entry) => entry.offset === offset);
      if (found) return found;
    }
    return undefined;
  }

  remove(matches) {
    const keep = (entry) => !matches(entry);
    for (const [name, list] of this.#channels) this.#channels.set(name, list.filter(keep));
    this.#notes = this.#notes.filter(keep);
  }

  /** Nothing of that channel is known any more. */
  drop(name) {
    this.#channels.delete(name);
  }

  restart() {
    this.#base = this.#last;
    for (const list of this.#channels.values()) for (const entry of list) entry.offset = 0;
  }

  #of(name) {
    if (!this.#channels.has(name)) this.#channels.set(name, []);
    return this.#channels.get(name);
  }
}

const inOrder = (a, b) => a.order - b.order;
