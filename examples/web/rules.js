// The room's rules, for admins: slow mode, who may speak, what may be said, the password; and its
// channels: which there are, for whom, and a new one.

import { RANKS, rankOf } from './channels.js';
import { el } from './dom.js';

const SLOW_S = [0, 3, 5, 10, 30, 60];
const REPEAT_S = 30;
const ACCESS = ['visitor', 'speaker', 'moderator', 'admin'];

const isAdmin = (room) => rankOf(room.role) >= rankOf('admin');

/** Null for others. */
export function roomRules(room, words, refused) {
  if (!isAdmin(room)) return null;
  const { policy = {} } = room.info;
  const set = (change) => room.command('set_policy', { policy: change }).catch(refused);
  const check = (label, checked, change) => {
    const box = el('input', { type: 'checkbox', checked });
    box.addEventListener('change', () => set(change(box.checked)));
    return el('label', { className: 'check' }, box, label);
  };
  const word = el('input', {
    type: 'password',
    autocomplete: 'new-password',
    placeholder: policy.has_password ? words.newPassword : words.noPassword,
    maxLength: 64,
    aria: { label: words.password },
  });
  word.addEventListener('change', () => set({ password: word.value }));
  return el(
    'section',
    { className: 'switches' },
    el('h4', {}, words.rules),
    slowPicker(policy.slow_mode_s ?? 0, words, set),
    check(words.muteAll, policy.mute_all, (on) => ({ mute_all: on })),
    check(words.moderated, policy.moderated, (on) => ({ moderated: on })),
    check(words.membersOnly, policy.members_only, (on) => ({ members_only: on })),
    check(words.emoteOnly, policy.emote_only, (on) => ({ emote_only: on })),
    check(words.noRepeats, policy.duplicate_s > 0, (on) => ({ duplicate_s: on ? REPEAT_S : 0 })),
    word,
  );
}

function slowPicker(slow, words, set) {
  const pick = el('select', { aria: { label: words.slowModeLabel } });
  for (const seconds of [...new Set([...SLOW_S, slow])].sort((a, b) => a - b)) {
    const label = seconds === 0 ? words.slowModeOff : words.slowMode(seconds);
    pick.append(el('option', { value: String(seconds), selected: seconds === slow }, label));
  }
  pick.addEventListener('change', () => set({ slow_mode_s: Number(pick.value) }));
  return pick;
}

/** Null for others. */
export function channelRules(room, words, refused) {
  if (!isAdmin(room)) return null;
  const list = el('ul', { className: 'channels' });
  const show = () => {
    if (list.firstChild && !list.isConnected) return room.removeEventListener('channels', show);
    list.replaceChildren(...room.channels.all.map((one) => channelRow(room, one, words, refused)));
  };
  const name = el('input', {
    placeholder: words.newChannel,
    maxLength: 64,
    dir: 'auto',
    autocomplete: 'off',
    aria: { label: words.newChannel },
  });
  const access = el('select', { aria: { label: words.channelFor } });
  for (const role of ACCESS) access.append(el('option', { value: role }, words.accessFor[role]));
  const open = (event) => {
    event.preventDefault();
    const channel = name.value.trim();
    if (!channel) return;
    const restricted = access.value === 'visitor' ? undefined : access.value;
    const done = () => (name.value = '');
    room.command('open_channel', { channel, access: restricted }).then(done, refused);
  };
  room.addEventListener('channels', show);
  show();
  const form = el(
    'form',
    { on: { submit: open } },
    name,
    access,
    el('button', { type: 'submit', className: 'soft' }, words.openChannel),
  );
  return el('section', {}, el('h4', {}, words.channels), list, form);
}

function channelRow(room, { name, state, access }, words, refused) {
  const closed = state === 'closed';
  const whom = RANKS.includes(access) ? words.accessFor[access] : words.accessFor.visitor;
  const row = el('li', {}, el('bdi', { className: 'who' }, name), el('small', {}, whom ?? access));
  if (closed) row.append(el('small', {}, words.closedChannel));
  if (name !== 'main' && !closed) {
    const close = () => room.command('close_channel', { channel: name }).catch(refused);
    row.append(
      el('button', { type: 'button', className: 'soft', on: { click: close } }, words.closeChannel),
    );
  }
  return row;
}
