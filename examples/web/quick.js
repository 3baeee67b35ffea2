// The little sheet of quick reactions and gifts above the send box.

import { el } from './dom.js';

const GIFTS = ['🌹', '🎁', '🚀'];
const QUICK = ['👏', '❤️', '😂', '🔥', '👍', '😮', '666', '+1', '哈哈', 'GG', 'LUL', '???'];

/** @param {any} words  @param {(text: string, kind?: string) => void} choose */
export function quickSheet(words, choose) {
  const button = (text, properties, kind) =>
    el('button', { type: 'button', ...properties, on: { click: () => choose(text, kind) } }, text);
  return el(
    'div',
    { className: 'sheet quick', role: 'group', aria: { label: words.quick } },
    ...QUICK.map((text) => button(text, {})),
    el('h3', {}, words.gifts),
    ...GIFTS.map((text) =>
      button(text, { className: 'gift', title: words.giveGift(text) }, 'gift'),
    ),
  );
}
