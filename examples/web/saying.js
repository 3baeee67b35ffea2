// What the person at this page says: to the room, in the channel that is looked at, or to one
// alone.

import { rankOf } from './channels.js';
import { hueOf } from './dom.js';

const PENDING_AFTER_MS = 250; // an answer that is quicker needs no "sending"
const WHISPER = /^\/w\s+(\S+)\s+([^]+)$/;

export class Saying {
  #page;

  constructor(page) {
    this.#page = page;
  }

  /** `to`: to him alone.
   * @param {{kind?: string, replyTo?: number, to?: {user: string, nick?: string}}} [options] */
  async say(text, { kind, replyTo, to } = {}) {
    const { chat, client, conversation, list, nick, nicks, words } = this.#page;
    if (to) return this.#whisper(to.user, to.nick || to.user, text);
    const whisper = WHISPER.exec(text);
    if (whisper) return this.#whisper(nicks.userOf(whisper[1]), whisper[1], whisper[2]);
    const channel = conversation.target;
    const { user = '' } = client;
    const entry = { type: 'pending', text, channel, nick, user, own: true };
    Object.assign(entry, { hue: hueOf(user), badge: words.pending });
    const timer = setTimeout(() => conversation.add(entry), PENDING_AFTER_MS);
    try {
      const mentions = nicks.mentionedIn(text);
      await chat.publish(text, { channel, kind, replyTo, mentions });
      conversation.keep(channel);
      list.follow();
      this.#pause(channel);
    } finally {
      clearTimeout(timer);
      list.remove((other) => other === entry);
    }
  }

  rename(nick) {
    const { words, hearing, showing } = this.#page;
    this.#page.rename(nick);
    showing.me();
    hearing.note(words.renamed(nick));
  }

  /** Puts who said something into the box. */
  mention({ type, user, nick, own }) {
    if (!user || own) return;
    const { nicks, composer } = this.#page;
    if (type === 'direct') return this.whisperTo({ user, nick });
    nicks.learn({ user, nick });
    composer.insert(`@${nick || user} `);
  }

  /** What is written from now on is for him alone, until one says otherwise. */
  whisperTo({ user, nick }) {
    const { nicks, composer } = this.#page;
    nicks.learn({ user, nick });
    composer.whisperTo({ user, nick: nick || user });
  }

  /** Slow mode: the next message may come so much later. */
  #pause(channel) {
    const { chat, composer } = this.#page;
    const { slow_mode_s: seconds = 0 } = chat.info.policy ?? {};
    const bound = rankOf(chat.channels.roleIn(channel)) < rankOf('moderator');
    if (seconds > 0 && bound) composer.coolDown(seconds * 1_000, true);
  }

  async #whisper(user, name, text) {
    const { client, conversation, words } = this.#page;
    await client.sendTo(user, text);
    const entry = { type: 'direct', text, user, name, nick: words.whisperTo(name) };
    conversation.add({ ...entry, hue: hueOf(user), time: Date.now() });
  }
}
