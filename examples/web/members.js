// Who is here: a sheet over the chat that reads the room's presence page by page, and again, at
// most once a second, when people come or go while it is open.

import { el, hueOf } from './dom.js';
import { errorSentence } from './sentences.js';
import { sheetHead } from './sheets.js';

const PAGE = 24; // rows; a page replaces the one before, so the document stays small
const REFRESH_MS = 1_000;

export class Members {
  node;

  #room;
  #words;
  #language;
  #hooks;
  #list = el('div', { className: 'people' });
  #footer = el('footer');
  #cursor;
  #version;
  #timer = 0;

  /** @param {{room: any, words: any, language: string, me: string|undefined,
   *   pick: (event: Event, member: {user: string, nick: string}) => void,
   *   close: () => void}} options */
  constructor({ room, words, language, ...hooks }) {
    this.#room = room;
    this.#words = words;
    this.#language = language;
    this.#hooks = hooks;
    this.node = el(
      'section',
      {
        className: 'sheet full members',
        role: 'dialog',
        aria: { label: words.members },
        on: { keydown: (e) => e.key === 'Escape' && hooks.close() },
      },
      sheetHead(words.members, words, hooks.close),
      this.#list,
      this.#footer,
    );
    this.#load();
  }

  focus() {
    this.node.querySelector('button').focus();
  }

  /** People came or went. */
  refresh() {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      if (!this.#cursor) this.#load(this.#version);
    }, REFRESH_MS);
  }

  destroy() {
    clearTimeout(this.#timer);
    this.node.remove();
  }

  async #load(sinceVersion) {
    try {
      const page = await this.#room.presence({ limit: PAGE, cursor: this.#cursor, sinceVersion });
      if (!page.unchanged) this.#show(page);
    } catch (error) {
      this.#list.replaceChildren(el('p', {}, errorSentence(error, this.#language)));
    }
  }

  #show({ members = [], online = 0, version, next }) {
    this.#version = version;
    const rows = members.slice(0, PAGE).map((member) => this.#row(member));
    const partial = online > members.length && !next && !this.#cursor;
    const note = rows.length === 0 ? this.#words.nobody : partial ? this.#words.presenceLarge : '';
    this.#list.replaceChildren(...rows, ...(note ? [el('p', {}, note)] : []));
    this.#footer.replaceChildren();
    if (this.#cursor) this.#footer.append(this.#turnTo(this.#words.start, undefined));
    if (next) this.#footer.append(this.#turnTo(this.#words.more, next));
    this.#footer.hidden = !this.#footer.firstChild;
  }

  #turnTo(label, cursor) {
    const turn = () => {
      this.#cursor = cursor;
      this.#load();
    };
    return el('button', { type: 'button', className: 'soft', on: { click: turn } }, label);
  }

  #row(member) {
    const name = member.nick || member.user;
    const row = el(
      'button',
      {
        type: 'button',
        className: 'person',
        title: member.user,
        on: {
          click: (event) => this.#hooks.pick(event, member),
          contextmenu: (event) => this.#hooks.pick(event, member),
        },
      },
      el('bdi', {}, name),
    );
    const own = member.user === this.#hooks.me ? this.#words.you : '';
    row.style.setProperty('--hue', String(hueOf(member.user)));
    row.dataset.initial = ([...name][0] ?? '?').toUpperCase();
    row.dataset.badge = [this.#words.roles[member.role], own].filter(Boolean).join(' · ');
    return row;
  }
}
