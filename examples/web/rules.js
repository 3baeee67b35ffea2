// The room's rules, for admins: slow mode, who may speak, what may be said, the password; and its
// channels: which there are, for whom, and a new one.

import { RANKS, rankOf } from './channels.js';
import { el } from './dom.js';

const SLOW_S = [0, 3, 5, 10, 30, 60];
const REPEAT_S = 30;
const ACCESS = ['visitor', 'speaker', 'moderator', 'admin'];

const isAdmin = (room) => rankOf(room.role) >= rankOf('admin');

/** Hears the room for as long as the node is shown. */
function whileShown(room, type, node, hear) {
  const heard = () => {
    if (node.isConnected) hear();
    else room.removeEventListener(type, heard);
  };
  room.addEventListener(type, heard);
}

/** Null for others. What others change meanwhile, and what is refused, is shown as it is. */
export function roomRules(room, words, refused) {
  if (!isAdmin(room)) return null;
  const shows = [];
  const show = () => shows.forEach((one) => one(room.info.policy ?? {}));
  const set = (change) =>
    room.command('set_policy', { policy: change }).catch((error) => {
      show();
      refused(error);
    });
  const check = (label, isOn, change) => {
    const box = el('input', { type: 'checkbox' });
    box.addEventListener('change', () => set(change(box.checked)));
    shows.push((policy) => (box.checked = Boolean(isOn(policy))));
    return el('label', { className: 'check' }, box, label);
  };
  const mode = (name, label) =>
    check(
      label,
      (policy) => policy[name],
      (on) => ({ [name]: on }),
    );
  const node = el(
    'section',
    { className: 'switches' },
    el('h4', {}, words.rules),
    slowPicker(words, set, shows),
    mode('mute_all', words.muteAll),
    mode('moderated', words.moderated),
    mode('members_only', words.membersOnly),
    mode('emote_only', words.emoteOnly),
    check(
      words.noRepeats,
      ({ duplicate_s: span }) => span > 0,
      (on) => ({ duplicate_s: on ? REPEAT_S : 0 }),
    ),
    passwordForm(words, set, shows),
  );
  show();
  whileShown(room, 'room_state', node, show);
  return node;
}

function slowPicker(words, set, shows) {
  const pick = el('select', { aria: { label: words.slowModeLabel } });
  shows.push(({ slow_mode_s: slow = 0 }) => {
    const spans = [...new Set([...SLOW_S, slow])].sort((a, b) => a - b);
    const label = (span) => (span === 0 ? words.slowModeOff : words.slowMode(span));
    const options = spans.map((span) => el('option', { value: String(span) }, label(span)));
    pick.replaceChildren(...options);
    pick.value = String(slow);
  });
  pick.addEventListener('change', () => set({ slow_mode_s: Number(pick.value) }));
  return pick;
}

/** Nobody is told a password, so what stands in the box is only ever a new one. */
function passwordForm(words, set, shows) {
  const word = el('input', {
    type: 'password',
    autocomplete: 'new-password',
    maxLength: 64,
    aria: { label: words.password },
  });
  const give = (event) => {
    event.preventDefault();
    if (word.value) set({ password: word.value });
    word.value = '';
  };
  const drop = el(
    'button',
    { type: 'button', className: 'soft', on: { click: () => set({ password: '' }) } },
    words.dropPassword,
  );
  shows.push(({ has_password: has }) => {
    word.placeholder = has ? words.newPassword : words.noPassword;
    drop.hidden = !has;
  });
  const save = el('button', { type: 'submit', className: 'soft' }, words.save);
  return el('form', { on: { submit: give } }, word, save, drop);
}

/** Null for others. */
export function channelRules(room, words, refused) {
  if (!isAdmin(room)) return null;
  const list = el('ul', { className: 'channels' });
  const show = () =>
    list.replaceChildren(...room.channels.all.map((one) => channelRow(room, one, words, refused)));
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
  show();
  whileShown(room, 'channels', list, show);
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
