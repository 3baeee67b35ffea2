// What is pinned: the newest, and the others one by one. Rooms pin places; what was said there is
// read from history.

import { rankOf } from './channels.js';
import { el, icon, iconButton, setText } from './dom.js';

export class PinnedBar {
  node;

  #room = null;
  #words;
  #text = el('span', { dir: 'auto' });
  #count = el('span', { className: 'count' });
  #next;
  #unpin;
  #offset; // what is shown
  #newest;
  #texts = new Map();

  /** @param {{words: any, refused: (error: any) => void}} options */
  constructor({ words, refused }) {
    this.#words = words;
    this.#next = el(
      'button',
      { type: 'button', className: 'next', on: { click: () => this.#turn() } },
      icon('pin'),
      this.#text,
      this.#count,
    );
    const unpin = () =>
      this.#room.command('unpin', { offset: this.#offset }).catch((error) => refused(error));
    this.#unpin = iconButton('cross', words.unpin, unpin);
    this.node = el('div', {
      className: 'pinned',
      role: 'region',
      aria: { label: words.pinned },
      hidden: true,
    });
  }

  /** @param {import('./room.js').Room} room */
  show(room) {
    if (room !== this.#room) this.#texts.clear();
    this.#room = room;
    const pins = this.#pins;
    if (!pins.includes(this.#offset) || pins.at(-1) !== this.#newest) this.#offset = pins.at(-1);
    this.#newest = pins.at(-1);
    this.#render();
  }

  get #pins() {
    return this.#room.info.pinned ?? [];
  }

  #turn() {
    const pins = this.#pins;
    const at = pins.indexOf(this.#offset);
    this.#offset = pins[(at + pins.length - 1) % pins.length];
    this.#render();
  }

  async #render() {
    const offset = this.#offset;
    const pins = this.#pins;
    for (const old of this.#texts.keys()) if (!pins.includes(old)) this.#texts.delete(old);
    if (offset && !this.#texts.has(offset)) {
      this.#texts.set(offset, '');
      this.#texts.set(offset, await pinnedText(this.#room, offset).catch(() => ''));
    }
    if (offset !== this.#offset) return;
    const text = this.#texts.get(offset) ?? '';
    this.node.hidden = !text;
    setText(this.#text, text);
    const many = pins.length > 1;
    setText(this.#count, many ? `${pins.indexOf(offset) + 1}/${pins.length}` : '');
    this.#next.disabled = !many;
    this.#next.title = many ? this.#words.nextPinned : '';
    const mayUnpin = rankOf(this.#room.role) >= rankOf('moderator');
    const parts = text ? [this.#next, ...(mayUnpin ? [this.#unpin] : [])] : [];
    if (parts.length !== this.node.childElementCount) this.node.replaceChildren(...parts);
  }
}

/** @param {import('./room.js').Room} room  @param {number} offset */
async function pinnedText(room, offset) {
  const { messages } = await room.history({ before: offset + 1, limit: 1 });
  const [message] = messages;
  if (message?.offset !== offset) return '';
  return `${message.nick || message.user || ''}: ${message.text ?? ''}`;
}
