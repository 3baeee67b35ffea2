// Somebody's card: what the room knows of him, what the server shows of him (`profile`), and what
// one can do about him.

import { el, hueOf } from './dom.js';
import { orderChoices } from './menu.js';
import { refusalSentence } from './sentences.js';
import { sheetHead } from './sheets.js';

const FIELDS_MAX = 8;
const KEY_CHARS = 30;
const VALUE_CHARS = 300;
const ABOUT = ['about', 'bio'];

/** What can be shown of a profile, whatever a host keeps there: texts, numbers and yes or no.
 * @returns {{about: string, fields: [string, string][]}} */
export function readable(data) {
  const given = typeof data === 'string' ? { about: data } : data;
  const fields = Object.entries(given && !Array.isArray(given) ? given : {})
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([key, value]) => [key.slice(0, KEY_CHARS), String(value).slice(0, VALUE_CHARS)])
    .filter(([, value]) => value.trim());
  const about = fields.find(([key]) => ABOUT.includes(key));
  const rest = fields.filter((field) => field !== about).slice(0, FIELDS_MAX);
  return { about: about?.[1] ?? '', fields: rest };
}

export class Card {
  node;

  #words;
  #language;
  #close;
  #profile = el('div', { className: 'profile', hidden: true });
  #message = el('p', { className: 'refusal', role: 'alert', hidden: true });

  /** @param {{room: import('./room.js').Room, target: import('./rows.js').Entry, words: any,
   *   language: string, blocked: import('./blocked.js').Blocked, whisper: () => void,
   *   mention: () => void, close: (focus?: boolean) => void}} options */
  constructor(options) {
    const { target, words, language, close } = options;
    this.#words = words;
    this.#language = language;
    this.#close = close;
    const name = target.nick || target.user;
    this.node = el(
      'section',
      {
        className: 'sheet card',
        role: 'dialog',
        aria: { label: words.personOf(name) },
        on: { keydown: (e) => this.#key(e) },
      },
      this.#head(name, target, options.blocked),
      this.#profile,
      ...this.#actions(options),
      this.#message,
    );
    this.#show({ ...target.info });
    this.#ask(options.room, target);
  }

  focus() {
    const { node } = this;
    (node.querySelector('.deeds button') ?? node.querySelector('header button')).focus();
  }

  #head(name, { user, role, own }, blocked) {
    const words = this.#words;
    const head = sheetHead(el('bdi', {}, name), words, () => this.#close());
    const notes = [words.roles[role], own && words.you, blocked.has(user) && words.blocked];
    if (user !== name) notes.push(user);
    head.style.setProperty('--hue', String(hueOf(user)));
    head.dataset.initial = ([...name][0] ?? '?').toUpperCase();
    const note = notes.filter(Boolean).join(' · ');
    if (note) head.querySelector('h3').after(el('small', { dir: 'auto' }, note));
    return head;
  }

  #actions({ room, target, words, blocked, whisper, mention }) {
    const { user, own, nick } = target;
    if (own) return [];
    const leave = (act) => () => {
      this.#close(false); // the box has the focus now
      act();
    };
    const block = blocked.has(user)
      ? { label: words.unblock, act: () => blocked.unblock(room, user) }
      : { label: words.block, act: () => blocked.block(room, user, nick) };
    const deeds = el(
      'div',
      { className: 'deeds' },
      this.#button(words.whisper, 'soft', leave(whisper)),
      this.#button(words.mention, 'soft', leave(mention)),
      this.#deed(block),
    );
    const order = orderChoices(room, target, words);
    if (order.length === 0) return [deeds];
    const title = el('h4', {}, words.desk);
    return [deeds, title, el('div', { className: 'deeds' }, ...order.map((o) => this.#deed(o)))];
  }

  #deed({ label, act, hard = false }) {
    const click = () =>
      act().then(
        () => this.#close(),
        (error) => {
          this.#message.hidden = false;
          this.#message.textContent = refusalSentence(error, this.#language);
        },
      );
    return this.#button(label, hard ? 'soft hard' : 'soft', click);
  }

  #button(label, className, click) {
    return el('button', { type: 'button', className, on: { click } }, label);
  }

  /** Not every server has profiles, nor everybody one: then there is nothing to show. */
  async #ask(room, { user, info }) {
    const { data } = await room.command('profile', { user }).catch(() => ({}));
    if (data !== undefined) this.#show(typeof data === 'object' ? { ...info, ...data } : data);
  }

  #show(data) {
    const { about, fields } = readable(data);
    const rows = fields.flatMap(([key, value]) => [
      el('dt', { dir: 'auto' }, key.replaceAll('_', ' ')),
      el('dd', { dir: 'auto' }, linked(value)),
    ]);
    this.#profile.hidden = !about && rows.length === 0;
    this.#profile.replaceChildren(
      ...(about ? [el('p', { dir: 'auto' }, about)] : []),
      ...(rows.length > 0 ? [el('dl', {}, ...rows)] : []),
    );
  }

  #key(event) {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    this.#close();
  }
}

/** Only what is plainly an address of the web can be followed, and it learns nothing of this page. */
function linked(value) {
  if (!/^https:\/\/[^\s]+$/.test(value)) return value;
  const rel = 'noopener noreferrer nofollow ugc';
  return el('a', { href: value, target: '_blank', rel }, value.slice('https://'.length));
}
