// Rows of the chat list: what an entry looks like. All goes in as text, never as markup.

/** @typedef {{type: 'message'|'direct'|'system'|'pending', text: string, offset?: number,
 *   channel?: string, user?: string, nick?: string, name?: string, role?: string, badge?: string, own?: boolean,
 *   mention?: boolean, high?: boolean, count?: number, gift?: number, time?: number,
 *   tone?: string, hue?: number, info?: object, quote?: string, seen?: string, order?: number}} Entry */

export function newRow() {
  const row = document.createElement('div');
  const nick = document.createElement('bdi');
  const text = document.createElement('bdi');
  nick.className = 'nick';
  text.className = 'text';
  text.dir = 'auto';
  nick.append(document.createTextNode(''));
  text.append(document.createTextNode(''));
  row.append(nick, text);
  return row;
}

const initialOf = (name) => {
  const first = [...String(name).trim()][0] ?? '?';
  return first.toUpperCase();
};

/** @param {HTMLElement & {entry?: Entry}} row @param {Entry} entry */
export function fill(row, entry) {
  const [nick, text] = row.children;
  row.entry = entry;
  const flags = ['own', 'mention', 'high'].filter((flag) => entry[flag]);
  row.className = ['row', entry.type, entry.tone, ...flags].filter(Boolean).join(' ');
  row.style.setProperty('--hue', String(entry.hue ?? 0));
  nick.firstChild.data = entry.nick ?? '';
  text.firstChild.data = entry.text;
  setOrDelete(row, 'initial', entry.nick && initialOf(entry.name ?? entry.nick));
  setOrDelete(row, 'seen', entry.seen);
  setOrDelete(nick, 'badge', entry.badge);
  setOrDelete(nick, 'channel', entry.channel !== 'main' && entry.channel);
  setOrDelete(text, 'quote', entry.quote);
  setOrDelete(text, 'count', entry.count > 1 && `×${entry.count}`);
  row.title = entry.time ? new Date(entry.time).toLocaleTimeString() : '';
}

function setOrDelete(node, name, value) {
  if (value) node.dataset[name] = value;
  else delete node.dataset[name];
}
