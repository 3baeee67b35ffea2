// Likes: a heart to press, how many there were so far, and hearts that rise as others press theirs.
// Presses go out together, at most once a second, and count here at once.

import { el, icon, setText } from './dom.js';

const SEND_MS = 1_000;
const PER_COMMAND = 100;
const RISING_MAX = 24; // hearts in the air at a time
const AT_ONCE_MAX = 8; // of those that one number brings

export class Likes {
  #air = el('span', { className: 'hearts', aria: { hidden: 'true' } });
  #number = el('span');
  node = el(
    'button',
    { type: 'button', className: 'like', hidden: true, on: { click: () => this.#press() } },
    icon('heart'),
    this.#number,
    this.#air,
  );

  #words;
  #room = null;
  #known = 0; // as the room said last
  #mine = 0; // pressed, and not in that number yet
  #unsent = 0; // of those
  #timer = 0;

  constructor(words) {
    this.#words = words;
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#timer = 0;
  }

  /** @param {import('./room.js').Room} room  @param {boolean} live */
  show(room, live) {
    const { likes } = room.info;
    this.node.hidden = !live || likes === undefined;
    if (room !== this.#room) {
      this.#room = room;
      this.#known = likes ?? 0;
      this.#mine = this.#unsent = 0;
    }
    if (likes !== undefined && likes !== this.#known) {
      const others = likes - this.#known - (this.#mine - this.#unsent);
      this.#known = likes;
      this.#mine = this.#unsent;
      for (let i = Math.min(others, AT_ONCE_MAX); i > 0; --i) this.#rise();
    }
    const count = this.#known + this.#mine;
    setText(this.#number, count > 0 ? count.toLocaleString() : '');
    this.node.setAttribute('aria-label', this.#words.like(count));
    this.node.title = this.#words.like(count);
  }

  #press() {
    this.#mine += 1;
    this.#unsent += 1;
    this.#rise();
    this.show(this.#room, true);
    this.#timer ||= setTimeout(() => this.#send(), SEND_MS / 4);
  }

  async #send() {
    const count = Math.min(this.#unsent, PER_COMMAND);
    this.#unsent -= count;
    try {
      await this.#room.command('publish', { kind: 'like', count });
    } catch {
      this.#mine = Math.max(0, this.#mine - count); // they were not counted
      this.show(this.#room, !this.node.hidden);
    }
    this.#timer = this.#unsent > 0 ? setTimeout(() => this.#send(), SEND_MS) : 0;
  }

  #rise() {
    if (this.#air.childElementCount >= RISING_MAX || this.node.hidden) return;
    const heart = el('i', {}, '♥');
    heart.style.setProperty('--x', `${Math.round(Math.random() * 40 - 20)}px`);
    heart.style.setProperty('--hue', String(Math.round(Math.random() * 60 + 320)));
    heart.style.animationDelay = `${Math.round(Math.random() * 400)}ms`;
    const gone = () => heart.remove();
    heart.addEventListener('animationend', gone);
    setTimeout(gone, 3_000); // where nothing moves
    this.#air.append(heart);
  }
}
