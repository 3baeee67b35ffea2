// The tabs of a room's channels: one for all that one is on, one for each. A dot says that
// something is unread, a lock that it is for others. Arrow keys move, as in any list of tabs.

import { el, icon, iconButton } from './dom.js';

export const ALL = '';

/** @typedef {{name: string, on: boolean, locked: boolean, closed: boolean, unread: number,
 *   called: boolean, role: string}} Tab */

export class Tabs {
  node;

  #words;
  #choose;
  #strip;
  #leave;

  /** @param {{words: any, choose: (name: string) => void, leave: () => void}} options */
  constructor({ words, choose, leave }) {
    this.#words = words;
    this.#choose = choose;
    this.#strip = el('div', {
      className: 'strip',
      role: 'tablist',
      aria: { label: words.channels },
      on: { keydown: (e) => this.#key(e) },
    });
    this.#leave = iconButton('cross', words.leaveChannel, leave, { className: 'leave' });
    this.node = el('nav', { className: 'tabs', hidden: true }, this.#strip);
  }

  /** @param {Tab[]} tabs  @param {string} active  @param {boolean} leavable */
  show(tabs, active, leavable) {
    this.node.hidden = tabs.length < 2;
    if (leavable) this.node.append(this.#leave);
    else this.#leave.remove();
    const focused = this.#strip.getRootNode().activeElement?.parentNode === this.#strip;
    const list = tabs.map((tab) => this.#tab(tab, tab.name === active));
    this.#strip.replaceChildren(...list);
    const chosen = list.find((node) => node.tabIndex === 0);
    if (focused) chosen?.focus();
    chosen?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }

  #tab({ name, on, locked, closed, unread, called, role }, chosen) {
    const words = this.#words;
    const label = name === ALL ? words.allChannels : name;
    const said = [label, words.roles[role], locked && words.lockedChannel];
    if (closed) said.push(words.closedChannel);
    if (unread > 0) said.push(words.newMessages(unread));
    const text = el('bdi', {}, label);
    if (words.roles[role]) text.dataset.badge = words.roles[role];
    const node = el(
      'button',
      {
        type: 'button',
        role: 'tab',
        className: ['tab', on ? 'on' : 'off', called && 'called'].filter(Boolean).join(' '),
        tabIndex: chosen ? 0 : -1,
        title: label,
        aria: { selected: String(chosen), label: said.filter(Boolean).join(', ') },
        on: { click: () => this.#choose(name) },
      },
      text,
    );
    node.dataset.name = name;
    if (unread > 0 && !chosen) node.dataset.unread = unread > 99 ? '99+' : String(unread);
    if (locked) node.append(icon('lock'));
    return node;
  }

  #key(event) {
    const tabs = [...this.#strip.children];
    const at = tabs.indexOf(event.target.closest('.tab'));
    const rtl = getComputedStyle(this.#strip).direction === 'rtl' ? -1 : 1;
    const to = {
      ArrowRight: at + rtl,
      ArrowLeft: at - rtl,
      Home: 0,
      End: tabs.length - 1,
    }[event.key];
    if (to === undefined || !tabs[to]) return;
    event.preventDefault();
    for (const tab of tabs) tab.tabIndex = -1;
    tabs[to].tabIndex = 0;
    tabs[to].focus(); // Enter chooses: looking into a channel is a command
  }
}
