// From a message on the wire to what the list and the stage show of it.

import { HIGH, LOW, NORMAL, OWN } from './danmaku.js';
import { hueOf } from './dom.js';

const NICKS_MAX = 400;
const MENTIONS_MAX = 16; // of the protocol
const TALL_CHARS = 400; // longer texts scroll inside their row
const QUOTE_CHARS = 80;
const PASTELS = ['#ffe08a', '#9be7ff', '#ffb3c7', '#b8f2a6', '#d7c2ff'];

/** How much a message matters on the stage. */
export function levelOf({ priority, kind, user }) {
  if (priority === 'high' || kind === 'notice' || kind === 'gift' || !user) return HIGH;
  if (priority === 'low' || kind === 'like') return LOW;
  return NORMAL;
}

/**
 * @param {import('./room-commands.js').Message} message
 * @param {{own: boolean, words: any, me: {user?: string, nick?: string},
 *   find: (offset: number) => import('./rows.js').Entry|undefined}} reader
 * @returns {import('./rows.js').Entry}
 */
export function entryOf(message, { own, words, me, find }) {
  const { user, text = '', offset, time, count } = message;
  const nick = message.nick || user || words.host;
  const gift = message.kind === 'gift' && offset > 0 ? (message.first ?? offset) : undefined;
  const called = message.mentions?.includes(me.user) || (me.nick && text.includes(`@${me.nick}`));
  const answered = message.reply_to > 0 ? find(message.reply_to) : undefined;
  const toMe = answered !== undefined && answered.user === me.user;
  return {
    type: 'message',
    channel: message.channel || 'main',
    text: gift ? `${words.gives} ${text}` : text,
    own,
    nick,
    user,
    offset,
    time,
    count,
    gift,
    hue: hueOf(user ?? nick),
    badge: user ? words.roles[message.role] : words.host,
    high: levelOf(message) === HIGH,
    mention: !own && (Boolean(called) || toMe),
    role: message.role,
    info: message.info,
    quote: message.reply_to > 0 ? quoteOf(answered, words) : undefined,
    tone: text.length > TALL_CHARS ? 'tall' : undefined,
  };
}

/** One line of what a message answers. */
export function quoteOf(entry, words) {
  if (!entry) return words.earlierMessage;
  const text = entry.text.replace(/\s+/g, ' ');
  return `${entry.nick}: ${text.length > QUOTE_CHARS ? `${text.slice(0, QUOTE_CHARS)}…` : text}`;
}

/** @returns {import('./danmaku.js').Bullet} */
export function bulletOf(message, own) {
  const { user, text, offset, count, data } = message;
  const level = own ? OWN : levelOf(message);
  const chosen = /^#[0-9a-f]{6}$/i.test(data?.color ?? '') ? data.color : undefined;
  const hue = hueOf(user ?? '');
  const pastel = level === NORMAL && hue % 4 === 0 ? PASTELS[hue % PASTELS.length] : undefined;
  return { text, level, offset, user, count, color: chosen ?? pastel };
}

/** Who a nick is: the latest NICKS_MAX of them, so that people can be called by what one sees. */
export class Nicks {
  #users = new Map();

  learn({ user, nick }) {
    if (!user || !nick) return;
    this.#users.delete(nick);
    this.#users.set(nick, user);
    if (this.#users.size > NICKS_MAX) this.#users.delete(this.#users.keys().next().value);
  }

  /** The user id behind a nick; a name nobody has is taken for an id. */
  userOf(nick) {
    return this.#users.get(nick) ?? nick;
  }

  nickOf(user) {
    for (const [nick, id] of this.#users) if (id === user) return nick;
    return user;
  }

  /** The ids of those whom a text calls with @nick. */
  mentionedIn(text) {
    const found = new Set();
    for (const [, nick] of text.matchAll(/@(\S+)/g)) {
      if (this.#users.has(nick)) found.add(this.#users.get(nick));
    }
    return found.size > 0 ? [...found].slice(0, MENTIONS_MAX) : undefined;
  }
}
