// The moderators' desk: what waits for a decision (held messages, raised hands), the room's rules
// and its channels. A button in the header says how much waits.

import { rankOf } from './channels.js';
import { el, iconButton, setText } from './dom.js';
import { refusalSentence } from './sentences.js';
import { channelRules, roomRules } from './rules.js';
import { sheetHead } from './sheets.js';

const HANDS = 20; // shown at a time

export class DeskButton {
  node;

  #words;
  #count = el('span', { className: 'count' });

  constructor({ words, open }) {
    this.#words = words;
    const looks = { className: 'desk-open', hidden: true, aria: { expanded: 'false' } };
    this.node = iconButton('shield', words.desk, open, looks, this.#count);
  }

  show(room, live) {
    const waits = room.held.messages.size + room.places.waiting.speak;
    this.node.hidden = !live || rankOf(room.role) < rankOf('moderator');
    setText(this.#count, waits > 0 ? String(waits) : '');
    const label = waits > 0 ? this.#words.deskWaits(waits) : this.#words.desk;
    this.node.title = label;
    this.node.setAttribute('aria-label', label);
  }
}

export class Desk {
  node;

  #room;
  #words;
  #refusal = el('p', { className: 'refusal', role: 'alert', hidden: true });
  #language;
  #held;
  #hands;
  #loading = false;
  #hear = () => this.#showHeld();
  #queue = () => this.#showHands();

  /** @param {{room: import('./room.js').Room, words: any, language: string,
   *   close: () => void}} options */
  constructor({ room, words, language, close }) {
    this.#room = room;
    this.#words = words;
    this.#language = language;
    const refused = (error) => this.#refused(error);
    this.#held = section(words.held, 'held', words.nothingHeld);
    this.#hands = section(words.handsTitle, 'hands', words.noHands);
    this.node = el(
      'section',
      { className: 'sheet full desk', role: 'dialog', aria: { label: words.desk } },
      sheetHead(words.desk, words, close),
      el(
        'div',
        { className: 'scroll' },
        this.#refusal,
        this.#held.node,
        this.#hands.node,
        ...[roomRules(room, words, refused), channelRules(room, words, refused)].filter(Boolean),
      ),
    );
    room.addEventListener('held', this.#hear);
    room.addEventListener('queue', this.#queue);
    this.#showHeld();
    this.#showHands();
  }

  focus() {
    this.node.querySelector('button').focus();
  }

  destroy() {
    this.#room.removeEventListener('held', this.#hear);
    this.#room.removeEventListener('queue', this.#queue);
    this.node.remove();
  }

  #showHeld() {
    const { messages } = this.#room.held;
    const rows = [...messages].map(([held, { nick, user, text = '', channel }]) =>
      el(
        'li',
        {},
        el('bdi', { className: 'who' }, nick || user),
        el('span', { dir: 'auto' }, text),
        el('small', {}, channel && channel !== 'main' ? channel : ''),
        this.#button(this.#words.release, () => this.#room.command('release', { held })),
        this.#button(this.#words.reject, () => this.#room.command('reject', { held }), 'soft hard'),
      ),
    );
    this.#held.show(rows);
  }

  /** Who raised a hand, in order; asked for anew when their number changes. */
  async #showHands() {
    const { waiting } = this.#room.places;
    this.#hands.node.hidden = !(this.#room.info.policy?.hands > 0);
    if (waiting.speak === 0) return this.#hands.show([]);
    if (this.#loading) return;
    this.#loading = true;
    const asked = this.#room.command('waiting', { line: 'speak', limit: HANDS });
    const { members = [] } = await asked.catch(() => ({}));
    this.#loading = false;
    this.#hands.show(
      members.map(({ user, nick }) => {
        const ask = (op) => this.#room.command(op, { line: 'speak', user });
        return el(
          'li',
          {},
          el('bdi', { className: 'who' }, nick || user),
          this.#button(this.#words.letSpeak, () => ask('call_next')),
          this.#button(this.#words.lowerHand, () => ask('dequeue')),
        );
      }),
    );
  }

  #button(label, act, className = 'soft') {
    const click = () =>
      act().then(
        () => this.#showHands(),
        (error) => this.#refused(error),
      );
    return el('button', { type: 'button', className, on: { click } }, label);
  }

  #refused(error) {
    this.#refusal.hidden = false;
    this.#refusal.textContent = refusalSentence(error, this.#language);
  }
}

function section(title, className, empty) {
  const list = el('ul', { className });
  const none = el('p', { className: 'empty' }, empty);
  const node = el('section', {}, el('h4', {}, title), list, none);
  const show = (rows) => {
    list.replaceChildren(...rows);
    list.hidden = rows.length === 0;
    none.hidden = rows.length > 0;
  };
  return { node, show };
}

/** What its author is told of a message that was held; '' for others. */
export function heldSentence({ action, message, text }, me, words) {
  if (message?.user !== me || action === 'hold') return '';
  return action === 'release' ? words.heldReleased : words.heldRejected(text);
}
