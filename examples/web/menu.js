// What one can do about a message or a person: answer, take back, block; and for those of rank what
// keeps order. The server decides; the page only leaves out what it would refuse anyway.

import { rankOf } from './channels.js';
import { el } from './dom.js';
import { refusalSentence } from './sentences.js';

const MINUTES = [1, 10, 60];

const isModerator = (role) => rankOf(role) >= rankOf('moderator');
const isAdmin = (role) => rankOf(role) >= rankOf('admin');
const roleAt = (room, channel) => (channel ? room.channels.roleIn(channel) : room.role);

/** @typedef {{label: string, act: () => any, hard?: boolean, opens?: boolean}} Choice  `hard`: it
 *   takes something away for good; `opens`: something that stands in place of the menu */

/** @returns {Choice[]} */
function choicesFor({ room, target, words, blocked, reply, mention, person }) {
  const { user, offset, own, channel } = target;
  const found = [];
  const add = (label, act, more = {}) => found.push({ label, act, ...more });
  const ask = (label, op, fields) => add(label, () => room.command(op, fields));
  const role = roleAt(room, channel);
  if (offset > 0) add(words.reply, () => reply(target));
  if (user && !own) add(words.mention, () => mention(target));
  if (offset > 0 && (own || isModerator(role))) ask(words.recall, 'recall', { offset });
  if (offset > 0 && isModerator(role)) {
    const pinned = room.info.pinned?.includes(offset);
    ask(pinned ? words.unpin : words.pin, pinned ? 'unpin' : 'pin', { offset });
  }
  if (user) add(words.person, () => person(target), { opens: true });
  if (own || !user) return found;
  if (blocked.has(user)) add(words.unblock, () => blocked.unblock(room, user));
  else add(words.block, () => blocked.block(room, user, target.nick));
  return [...found, ...orderChoices(room, target, words)];
}

/** What keeps order, for those whose role lets them.
 * @returns {Choice[]} */
export function orderChoices(room, { user, own, role, channel }, words) {
  if (own || !user) return [];
  const ask = (label, op, fields = {}, hard = false) => ({
    label,
    act: () => room.command(op, { user, ...fields }),
    hard,
  });
  const found = isModerator(room.role) ? orderFor(ask, words) : [];
  if (isAdmin(room.role)) {
    const raised = isModerator(role);
    const next = raised ? 'member' : 'moderator';
    found.push(ask(raised ? words.lower : words.raise, 'set_role', { role: next }));
  }
  if (isAdmin(roleAt(room, channel)) && channel && channel !== 'main') {
    found.push(
      ask(words.raiseIn(channel), 'set_role', { role: 'moderator', channel }),
      ask(words.letInto(channel), 'set_role', { role: 'member', channel }),
      ask(words.lowerIn(channel), 'set_role', { role: 'visitor', channel }),
    );
  }
  return found;
}

function orderFor(ask, words) {
  return [
    ...MINUTES.map((minutes) => ask(words.muteFor(minutes), 'mute', { for_ms: minutes * 60_000 })),
    ask(words.shadow, 'shadow_mute'),
    ask(words.unmute, 'unmute'),
    ask(words.clearUser, 'clear', {}, true),
    ask(words.kick, 'kick', {}, true),
    ask(words.ban, 'ban', {}, true),
    ask(words.unban, 'unban'),
  ];
}

/** A menu over the chat: arrow keys move, Enter chooses, Escape closes. */
export class Menu {
  node;

  #language;
  #close;
  #message = el('p', { className: 'refusal', role: 'alert', hidden: true });

  /** Null: there is nothing to choose. */
  static for(options) {
    const choices = choicesFor(options);
    return choices.length > 0 ? new Menu(choices, options) : null;
  }

  constructor(choices, { target, words, language, close }) {
    this.#language = language;
    this.#close = close;
    const about = target.text ? el('p', { className: 'about', dir: 'auto' }, target.text) : null;
    const items = choices.map(({ label, act, hard, opens }) =>
      this.#item(label, hard ? 'soft hard' : 'soft', opens ? act : () => this.#choose(act)),
    );
    this.node = el(
      'section',
      {
        className: 'sheet menu',
        role: 'menu',
        aria: { label: words.menu },
        on: { keydown: (e) => this.#key(e) },
      },
      el(
        'header',
        {},
        el('h3', {}, el('bdi', {}, target.nick || target.user || words.host)),
        ...(about ? [about] : []),
      ),
      ...items,
      this.#item(words.cancel, 'soft cancel', close),
      this.#message,
    );
  }

  focus() {
    this.node.querySelector('button').focus();
  }

  #item(label, className, click) {
    return el('button', { type: 'button', role: 'menuitem', className, on: { click } }, label);
  }

  #key(event) {
    if (event.key === 'Escape') {
      event.stopPropagation();
      return this.#close();
    }
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const items = [...this.node.querySelectorAll('button')];
    const at = items.indexOf(event.target);
    items[(at + step + items.length) % items.length].focus();
  }

  async #choose(act) {
    try {
      await act();
      this.#close();
    } catch (error) {
      this.#message.hidden = false;
      this.#message.textContent = refusalSentence(error, this.#language);
    }
  }
}
