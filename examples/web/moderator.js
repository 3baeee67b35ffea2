// What those of rank may do: a menu on a person or a message, and the room's switches in the sheet
// of members. The server decides; the page only leaves out what it would refuse anyway.

import { el } from './dom.js';
import { errorSentence } from './sentences.js';

const RANKS = ['visitor', 'member', 'speaker', 'moderator', 'admin', 'owner'];
const rankOf = (role) => RANKS.indexOf(role ?? 'member');
const SLOW_S = [0, 5, 30];
const MINUTES = [1, 10, 60];

export const isModerator = (room) => rankOf(room?.role) >= rankOf('moderator');
const isAdmin = (room) => rankOf(room?.role) >= rankOf('admin');

/** What can be done: [label, op, fields, whether it takes something away for good].
 * @returns {[string, string, object, boolean][]} */
function choicesFor(room, target, words) {
  const { user, offset, own } = target;
  const found = [];
  const add = (label, op, fields, hard = false) => found.push([label, op, fields, hard]);
  const moderator = isModerator(room);
  if (offset > 0 && (own || moderator)) add(words.recall, 'recall', { offset });
  if (offset > 0 && moderator) {
    const pinned = room.info.pinned?.includes(offset);
    add(pinned ? words.unpin : words.pin, pinned ? 'unpin' : 'pin', { offset });
  }
  if (own || !user) return found;
  const blocked = room.blocked.has(user);
  add(blocked ? words.unblock : words.block, blocked ? 'unblock' : 'block', { user });
  if (!moderator) return found;
  for (const minutes of MINUTES)
    add(words.muteFor(minutes), 'mute', { user, for_ms: minutes * 60_000 });
  add(words.shadow, 'shadow_mute', { user });
  add(words.unmute, 'unmute', { user });
  add(words.clearUser, 'clear', { user }, true);
  add(words.kick, 'kick', { user }, true);
  add(words.ban, 'ban', { user }, true);
  if (!isAdmin(room)) return found;
  const raised = rankOf(target.role) >= rankOf('moderator');
  add(raised ? words.lower : words.raise, 'set_role', {
    user,
    role: raised ? 'member' : 'moderator',
  });
  return found;
}

/** A menu over the chat. Null: there is nothing to choose. */
export class ModeratorMenu {
  node;

  #room;
  #language;
  #close;
  #message = el('p', { className: 'refusal', hidden: true });

  static for({ room, target, words, language, close }) {
    const choices = choicesFor(room, target, words);
    return choices.length > 0
      ? new ModeratorMenu(choices, { room, target, words, language, close })
      : null;
  }

  constructor(choices, { room, target, words, language, close }) {
    this.#room = room;
    this.#language = language;
    this.#close = close;
    const title = el('h3', {}, el('bdi', {}, target.nick || target.user || words.host));
    const items = choices.map(([label, op, fields, hard]) =>
      el(
        'button',
        {
          type: 'button',
          role: 'menuitem',
          className: hard ? 'soft hard' : 'soft',
          on: { click: () => this.#choose(op, fields) },
        },
        label,
      ),
    );
    this.node = el(
      'section',
      {
        className: 'sheet menu',
        role: 'menu',
        aria: { label: words.moderate },
        on: { keydown: (e) => e.key === 'Escape' && close() },
      },
      el('header', {}, title),
      ...items,
      el('button', { type: 'button', className: 'soft', on: { click: close } }, words.cancel),
      this.#message,
    );
  }

  focus() {
    this.node.querySelector('button').focus();
  }

  async #choose(op, fields) {
    try {
      await this.#room.command(op, fields);
      if (op === 'block') this.#room.blocked.add(fields.user);
      if (op === 'unblock') this.#room.blocked.delete(fields.user);
      this.#close();
    } catch (error) {
      this.#message.hidden = false;
      this.#message.textContent = errorSentence(error, this.#language);
    }
  }
}

/** The room's switches, for admins; null for others. */
export function roomSwitches(room, words, language) {
  if (!isAdmin(room)) return null;
  const refusal = el('p', { className: 'refusal', hidden: true });
  const set = (policy) =>
    room.command('set_policy', { policy }).catch((error) => {
      refusal.hidden = false;
      refusal.textContent = errorSentence(error, language);
    });
  const { slow_mode_s: slow = 0, mute_all: muted = false } = room.info.policy ?? {};
  const pick = el('select', { aria: { label: words.slowModeOff } });
  for (const seconds of [...new Set([...SLOW_S, slow])]) {
    const label = seconds === 0 ? words.slowModeOff : words.slowMode(seconds);
    pick.append(el('option', { value: String(seconds), selected: seconds === slow }, label));
  }
  pick.addEventListener('change', () => set({ slow_mode_s: Number(pick.value) }));
  const box = el('input', { type: 'checkbox', checked: muted });
  box.addEventListener('change', () => set({ mute_all: box.checked }));
  const { emote_only: emotes = false, duplicate_s: repeats = 0 } = room.info.policy ?? {};
  const emoteBox = el('input', { type: 'checkbox', checked: emotes });
  emoteBox.addEventListener('change', () => set({ emote_only: emoteBox.checked }));
  const repeatBox = el('input', { type: 'checkbox', checked: repeats > 0 });
  repeatBox.addEventListener('change', () => set({ duplicate_s: repeatBox.checked ? 30 : 0 }));
  const { has_password: secret = false } = room.info.policy ?? {};
  const word = el('input', {
    type: 'password',
    autocomplete: 'new-password',
    placeholder: secret ? words.newPassword : words.noPassword,
    maxLength: 64,
    aria: { label: words.password },
  });
  word.addEventListener('change', () => set({ password: word.value }));
  return el(
    'div',
    { className: 'switches' },
    pick,
    el('label', {}, box, ` ${words.muteAll}`),
    el('label', {}, emoteBox, ` ${words.emoteOnly}`),
    el('label', {}, repeatBox, ` ${words.noRepeats}`),
    word,
    refusal,
  );
}

/** What waits for a moderator, oldest first, each with two buttons; null for others. */
export function heldList(room, words, language) {
  if (!isModerator(room)) return null;
  const refusal = el('p', { className: 'refusal', hidden: true });
  const decide = (op, held) =>
    room.command(op, { held }).catch((error) => {
      refusal.hidden = false;
      refusal.textContent = errorSentence(error, language);
    });
  const button = (label, op, held) =>
    el(
      'button',
      { type: 'button', className: 'soft', on: { click: () => decide(op, held) } },
      label,
    );
  const list = el('ul', { className: 'held' });
  const title = el('h3', {}, words.held);
  const node = el('section', { className: 'waiting' }, title, list, refusal);
  const show = () => {
    node.hidden = room.held.messages.size === 0;
    list.replaceChildren(
      ...[...room.held.messages].map(([held, message]) =>
        el(
          'li',
          {},
          el('bdi', {}, `${message.nick || message.user}: `),
          el('span', {}, message.text ?? ''),
          button(words.release, 'release', held),
          button(words.reject, 'reject', held),
        ),
      ),
    );
  };
  room.addEventListener('held', show);
  show();
  return node;
}

/** The text of a pinned message: rooms pin places, not texts.
 * @param {number|undefined} offset */
export async function pinnedText(room, offset) {
  if (!offset) return '';
  const { messages } = await room.history({ before: offset + 1, limit: 1 });
  const [message] = messages;
  if (message?.offset !== offset) return '';
  return `${message.nick || message.user || ''}: ${message.text ?? ''}`;
}

/** What its author is told of a message that was held; '' for others. */
export function heldSentence({ action, message, text }, me, words) {
  if (message?.user !== me || action === 'hold') return '';
  return action === 'release' ? words.heldReleased : words.heldRejected(text);
}
