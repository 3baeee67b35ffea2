// From what a room says to what the page shows of it: rows, flying comments, notes, announcements.

import { rankOf } from './channels.js';
import { heldSentence } from './desk.js';
import { hueOf } from './dom.js';
import { bulletOf, entryOf } from './entries.js';
import { gapSentence } from './sentences.js';

const BUSY = new Set(['sampled', 'budget']);

export class Hearing {
  #page;
  #words;
  #epoch = '';
  #lookedAt = 0;
  #busy = null; // the note of what the present busy time has cost

  /** @param {any} page  what it speaks to: {chat, client, words, language, conversation, stage,
   *   composer, nicks, blocked, receipts, live, tell, following} */
  constructor(page) {
    this.#page = page;
    this.#words = page.words;
  }

  /** Hears this room until the page is at another. @param {import('./room.js').Room} chat */
  listen(chat) {
    const { conversation } = this.#page;
    const on = (type, hear) =>
      chat.addEventListener(type, (e) => chat === this.#page.chat && hear(e.detail));
    on('joined', (detail) => this.#joined(detail));
    on('message', (detail) => this.#heard(detail));
    on('gap', (detail) => this.#gap(detail));
    on('room_state', ({ state }) => {
      if ((state.rung ?? 'normal') === 'normal') this.#busy = null;
    });
    on('moderation', (detail) => this.#moderated(detail));
    on('channels', ({ lost }) => this.#channels(lost));
    on('held', (detail) =>
      this.note(heldSentence(detail, this.#page.client.user, this.#words), 'warn'),
    );
    on('receipt', (detail) => this.#page.receipts.take(detail));
    on('message_removed', ({ offset }) => this.takeBack((entry) => entry.offset === offset));
    on('messages_cleared', ({ user }) =>
      this.takeBack((entry) => entry.offset > 0 && (!user || entry.user === user)),
    );
    on('reset', ({ epoch }) => {
      this.#began(epoch);
      this.note(this.#words.anew, 'warn');
    });
    conversation.start(chat);
  }

  /** @param {import('./room-commands.js').Message} message */
  entryOf(message, own = message.user === this.#page.client.user) {
    const { client, nick, conversation } = this.#page;
    const me = { user: client.user, nick };
    const find = (offset) => conversation.find(offset);
    return entryOf(message, { own, words: this.#words, me, find });
  }

  note(text, tone) {
    if (text) this.#page.conversation.add({ type: 'system', text, tone });
  }

  whisper({ user, nick, text }) {
    const { client, conversation, blocked, nicks } = this.#page;
    if (!text || blocked.has(user)) return;
    nicks.learn({ user, nick });
    const own = user === client.user;
    conversation.add({
      type: 'direct',
      text,
      user,
      own,
      name: nick || user,
      nick: own ? nick : this.#words.whisperFrom(nick || user),
      hue: hueOf(user),
      time: Date.now(),
    });
  }

  /** One has just blocked somebody: nothing of his is shown any more. */
  hide(user, nick) {
    this.takeBack((entry) => !entry.own && entry.user === user);
    this.note(this.#words.blockedNow(nick));
  }

  takeBack(matches) {
    this.#page.conversation.remove(matches);
    this.#page.stage.remove(matches);
  }

  /** Somebody looks at the newest, and nothing unread waits elsewhere before it. */
  looked() {
    const { conversation, receipts, following } = this.#page;
    if (document.visibilityState !== 'visible' || !following) return;
    const first = conversation.firstUnread;
    receipts.looked(first > 0 ? Math.min(first - 1, this.#lookedAt) : this.#lookedAt);
  }

  #joined({ answer, again, recovered }) {
    this.#began(answer.epoch);
    if (!again) {
      this.#page.receipts.begin(answer);
      this.note(this.#words.joined(this.#page.chat.name));
    } else if (recovered && this.#page.wasAway) {
      this.note(this.#words.caughtUp, 'good');
    }
  }

  #began(epoch) {
    if (this.#epoch && epoch !== this.#epoch) {
      this.#page.conversation.restart();
      this.#lookedAt = 0;
    }
    this.#epoch = epoch;
  }

  #heard({ message, own, replayed }) {
    const { conversation, receipts, blocked, nicks, stage, live } = this.#page;
    if (message.kind === 'signal' || blocked.has(message.user)) return;
    if (!message.text) return;
    nicks.learn(message);
    if (receipts.divides(message)) this.note(this.#words.newSince, 'divider');
    const entry = this.entryOf(message, own);
    if (entry.gift) conversation.remove((other) => other.gift === entry.gift); // it counts on
    const seen = conversation.add(entry);
    if (own && entry.offset > 0) receipts.said(entry);
    if (!replayed && seen) {
      stage.push(bulletOf(message, own));
      if (!own) live.say(entry);
    }
    this.#lookedAt = Math.max(this.#lookedAt, entry.offset ?? 0);
    this.looked();
    this.#page.tell('chat-message', { message, own, replayed });
  }

  /** While a room is busy, which a line above the list says, its losses are one note that counts. */
  #gap({ reason, count = 0 }) {
    const { words, language, conversation, chat } = this.#page;
    const before = this.#busy;
    const busy = BUSY.has(reason) && count > 0 && (chat.info.rung ?? 'normal') !== 'normal';
    if (busy && before) conversation.remove((entry) => entry === before);
    const lost = count + (busy && before ? before.lost : 0);
    const what = lost > 0 ? words.gap(lost) : words.gapSome;
    const text = what + words.between + gapSentence(reason, language);
    const entry = { type: 'system', text, tone: 'warn', lost };
    conversation.add(entry);
    this.#busy = busy ? entry : null;
  }

  #moderated({ action, user, text, role, channel }) {
    const { nicks, client, composer } = this.#page;
    const words = this.#words;
    const who = nicks.nickOf(user);
    if (user === client.user && (action === 'unmute' || rankOf(role) > 1)) composer.warm();
    if (action === 'set_role') {
      const name = words.roles[role] ?? words.plainMember;
      return this.note(channel ? words.nowRoleIn(who, name, channel) : words.nowRole(who, name));
    }
    const sentence = {
      mute: words.muted,
      shadow_mute: words.shadowed,
      unmute: words.unmuted,
      ban: words.banned,
      unban: words.unbanned,
      kick: words.kicked,
    }[action]?.(who);
    if (sentence) this.note(text ? `${sentence} (${text})` : sentence, 'warn');
  }

  #channels(lost) {
    const { conversation } = this.#page;
    for (const name of lost) this.note(this.#words.lostChannel(name), 'warn');
    conversation.changed(lost);
  }
}
