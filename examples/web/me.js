// One's own little sheet: the nickname, whether strangers may whisper, and whom one has blocked.

import { el, utf8Length } from './dom.js';
import { refusalSentence } from './sentences.js';

const NICK_BYTES = 64;

/** @typedef {{nick: string, renameable: boolean, room: import('./room.js').Room,
 *   blocked: import('./blocked.js').Blocked}} Me */

/** @param {{words: any, language: string, me: Me, rename: (nick: string) => void,
 *   close: () => void}} options */
export function meSheet({ words, language, me, rename, close }) {
  const refusal = el('p', { className: 'refusal', hidden: true });
  const say = (error) => {
    refusal.hidden = false;
    refusal.textContent = refusalSentence(error, language);
  };
  const sheet = el(
    'div',
    { className: 'sheet own', role: 'group', aria: { label: words.me } },
    ...(me.renameable ? [renameForm(words, me.nick, rename, close)] : []),
    shieldSwitch(words, me, say),
    blockedList(words, me, say),
    refusal,
  );
  return sheet;
}

function renameForm(words, nick, rename, close) {
  const save = () => {
    const wanted = input.value.trim();
    if (wanted && utf8Length(wanted) <= NICK_BYTES && wanted !== nick) rename(wanted);
    close();
  };
  const input = el('input', {
    value: nick,
    maxLength: NICK_BYTES,
    dir: 'auto',
    autocomplete: 'off',
    aria: { label: words.nickname },
    on: {
      keydown: (e) => {
        if (e.key !== 'Enter' || e.isComposing) return;
        e.preventDefault();
        save();
      },
    },
  });
  const button = el(
    'button',
    { type: 'button', className: 'soft', on: { click: save } },
    words.save,
  );
  return el('div', { className: 'rename' }, input, button);
}

function shieldSwitch(words, { room, blocked }, say) {
  const box = el('input', { type: 'checkbox', checked: blocked.shielded });
  box.addEventListener('change', () =>
    blocked.shield(room, box.checked).catch((error) => {
      box.checked = blocked.shielded;
      say(error);
    }),
  );
  return el('label', { className: 'check' }, box, words.shield);
}

function blockedList(words, { room, blocked }, say) {
  const node = el('div', { className: 'blocked' });
  const show = () => {
    const rows = blocked.list.map(([user, nick]) => {
      const free = () => blocked.unblock(room, user).then(show, say);
      const button = el(
        'button',
        { type: 'button', className: 'soft', on: { click: free } },
        words.unblock,
      );
      return el('li', {}, el('bdi', {}, nick), button);
    });
    node.replaceChildren(
      el('h3', {}, words.blocked),
      rows.length > 0 ? el('ul', {}, ...rows) : el('p', {}, words.nobodyBlocked),
    );
  };
  show();
  return node;
}
