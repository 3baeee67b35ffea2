// Which part of the room is read: all channels that one is on in one timeline, or one of them. A
// channel that is only looked into is given up for the next one, in one operation; speaking there
// keeps it.

import { isPrivate } from './channels.js';
import { ALL, Tabs } from './tabs.js';
import { Timeline } from './timeline.js';

const PAGE = 50;
const THIN = 20; // entries; with fewer, what was said before is asked for

export class Conversation {
  tabs;
  /** ALL, or the name of one. */
  active = ALL;

  #chat = null;
  #list;
  #entryOf;
  #refused;
  #looking;
  #timeline = new Timeline();
  #unread = new Map(); // name: {count, first, called}
  #locked = new Set(); // refused, whatever we thought
  #asked = new Set(); // what was said before is here, as far as there is
  #visited = ''; // the channel that is only looked into

  /** @param {{words: any, list: any, entryOf: (message: any) => any,
   *   refused: (error: any) => void, looking: () => void}} options */
  constructor({ words, list, entryOf, refused, looking }) {
    this.#list = list;
    this.#entryOf = entryOf;
    this.#refused = refused;
    this.#looking = looking;
    this.tabs = new Tabs({
      words,
      choose: (name) => this.choose(name),
      leave: () => this.leave(this.active),
    });
  }

  /** @param {import('./room.js').Room} chat */
  start(chat) {
    this.#chat = chat;
    this.active = ALL;
  }

  /** Where one writes. */
  get target() {
    return this.active || 'main';
  }

  /** Something else than what is looked at waits to be read from there on; 0: nothing does. */
  get firstUnread() {
    const firsts = [...this.#unread.values()].map(({ first }) => first).filter((at) => at > 0);
    return firsts.length > 0 ? Math.min(...firsts) : 0;
  }

  find(offset) {
    return this.#timeline.find(offset);
  }

  sees(channel) {
    if (!channel) return true;
    return this.active === ALL ? this.#chat.channels.isOn(channel) : this.active === channel;
  }

  /** @returns {boolean} whether it is looked at */
  add(entry) {
    if (entry.type !== 'pending' && !this.#timeline.add(entry)) return false;
    if (this.sees(entry.channel)) {
      this.#list.push(entry);
      return true;
    }
    const unread = this.#unread.get(entry.channel) ?? { count: 0, first: entry.offset };
    unread.count += 1;
    unread.called ||= entry.mention;
    this.#unread.set(entry.channel, unread);
    this.refresh();
    return false;
  }

  touch(entry) {
    this.#list.touch(entry);
  }

  remove(matches) {
    this.#timeline.remove(matches);
    this.#list.remove(matches);
  }

  /** The log of the room began anew. */
  restart() {
    this.#timeline.restart();
    this.#asked.clear();
  }

  /** Channels, roles or rights have changed; one is off these now. @param {string[]} lost */
  changed(lost) {
    this.#locked.clear();
    for (const name of lost) this.#forget(name);
    this.refresh();
  }

  /** Brings the tabs in line with what is known. */
  refresh() {
    const { channels } = this.#chat;
    const tabs = channels.all.map(({ name, state }) => this.#tabOf(name, state));
    if (channels.joined.length > 1) tabs.unshift({ ...this.#tabOf(ALL), on: true });
    if (this.active && !channels.isOn(this.active)) this.#look(ALL);
    const active = tabs.some(({ name }) => name === this.active) ? this.active : 'main';
    const known = this.active !== ALL && this.active !== 'main';
    this.tabs.show(tabs, active, known && channels.isOn(this.active));
  }

  async choose(name) {
    const { channels } = this.#chat;
    if (name === ALL || channels.isOn(name)) return this.#look(name);
    const from = this.#visited !== name && channels.isOn(this.#visited) ? this.#visited : '';
    try {
      if (from) await channels.switchTo(from, name);
      else await channels.subscribe(name);
    } catch (error) {
      if (isPrivate(error)) this.#locked.add(name);
      this.#refused(error);
      return this.refresh();
    }
    if (from) this.#forget(from);
    this.#locked.delete(name);
    this.#visited = name;
    this.#look(name);
  }

  async leave(name) {
    if (!name || name === 'main') return;
    try {
      await this.#chat.channels.unsubscribe(name);
    } catch (error) {
      return this.#refused(error);
    }
    this.#forget(name);
    this.#look(this.#chat.channels.joined.length > 1 ? ALL : 'main');
  }

  /** What was said in it is one's own: it is not given up for the next one. */
  keep(name) {
    if (this.#visited === name) this.#visited = '';
  }

  /** A page of older messages of what is looked at. */
  async older(before) {
    const channel = this.active || undefined;
    let page = await this.#chat.history({ channel, before, limit: PAGE });
    while (page.messages.length === 0 && page.offset) {
      page = await this.#chat.history({ channel, before: page.offset, limit: PAGE });
    }
    return { entries: page.messages.filter((m) => m.text).map(this.#entryOf), more: page.more };
  }

  #tabOf(name, state = 'open') {
    const { channels } = this.#chat;
    const { count = 0, called = false } = this.#unread.get(name) ?? {};
    const locked = name !== ALL && (this.#locked.has(name) || !channels.mayRead(name));
    const role = channels.get(name)?.role ?? '';
    const on = channels.isOn(name);
    return {
      name,
      on,
      locked: locked && !on,
      closed: state === 'closed',
      unread: count,
      called,
      role,
    };
  }

  #look(name) {
    this.active = name;
    if (name === ALL) this.#unread.clear();
    else this.#unread.delete(name);
    this.#show();
    this.refresh();
    this.#looking();
    if (name && this.#timeline.count(name) < THIN) this.#fill(name);
  }

  #show() {
    const { channels } = this.#chat;
    this.#list.show(this.#timeline.view(this.active ? [this.active] : channels.joined));
  }

  /** What was said before one looked into it. */
  async #fill(name) {
    if (this.#asked.has(name)) return;
    this.#asked.add(name);
    const page = await this.#chat.history({ channel: name, limit: PAGE }).catch(() => null);
    if (!page) return void this.#asked.delete(name);
    for (const message of page.messages) {
      if (message.text) this.#timeline.add(this.#entryOf(message));
    }
    if (this.sees(name)) this.#show();
  }

  #forget(name) {
    this.#timeline.drop(name);
    this.#unread.delete(name);
    this.#asked.delete(name);
    if (this.#visited === name) this.#visited = '';
    if (this.active === ALL) this.#list.remove((entry) => entry.channel === name);
  }
}
