// What screen readers hear: a few messages as they are, a flood as a number.

import { el, setText } from './dom.js';

const EVERY_MS = 2_500;
const AS_THEY_ARE = 3;
const CHARS = 120;

export class Announcer {
  node = el('div', { className: 'sr', aria: { live: 'polite' } });

  #words;
  #unsaid = [];
  #timer = 0;

  constructor(words) {
    this.#words = words;
  }

  destroy() {
    clearTimeout(this.#timer);
  }

  /** @param {{nick?: string, text: string}} entry */
  say({ nick, text }) {
    this.#unsaid.push(`${nick}: ${text.slice(0, CHARS)}`);
    if (this.#unsaid.length > 999) this.#unsaid.length = 999;
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      const count = this.#unsaid.length;
      const said = count > AS_THEY_ARE ? this.#words.announce(count) : this.#unsaid.join('. ');
      this.#unsaid.length = 0;
      setText(this.node, said);
    }, EVERY_MS);
  }
}
