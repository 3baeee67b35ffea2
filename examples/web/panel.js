// The right side: header, banner, tabs, what is pinned, the list, the send box. Only how they
// stand; what they do is in files of their own.

import { el, icon, iconButton } from './dom.js';

/** @returns {{node: HTMLElement, log: HTMLElement, middle: HTMLElement, newer: HTMLButtonElement,
 *   news: HTMLElement, slow: HTMLElement, people: HTMLButtonElement, bar: HTMLElement,
 *   fill: (parts: any) => void}} */
export function chatPanel(words, { onPeople, onNewer }) {
  const log = el('div', {
    className: 'log',
    role: 'log',
    tabIndex: 0,
    aria: { label: words.chat, live: 'off', description: words.logKeys },
  });
  const news = el('span');
  const newer = el(
    'button',
    { type: 'button', className: 'newer', hidden: true, on: { click: onNewer } },
    icon('down'),
    news,
  );
  const slow = el('span', { className: 'slow', hidden: true });
  const people = iconButton('people', words.members, onPeople, { aria: { expanded: 'false' } });
  const middle = el('div', { className: 'middle' }, log, newer);
  const node = el('section', { className: 'chat', aria: { label: words.chat } });
  /** @param {{status: any, desk: any, tabs: any, pinned: any, composer: any, live: any}} parts */
  const fill = ({ status, desk, tabs, pinned, composer, live }) =>
    node.append(
      el(
        'header',
        { className: 'bar' },
        el('h2', {}, words.chat),
        slow,
        ...status.nodes,
        desk.node,
        people,
      ),
      status.banner,
      tabs.node,
      status.rate,
      pinned.node,
      middle,
      composer.node,
      live.node,
    );
  return { node, log, middle, newer, news, slow, people, fill };
}
