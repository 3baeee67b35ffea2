// How things are with the connection and the room: a pill that says it in a word, and, when
// something can be done about it, a banner that says why and offers that.

import { el, setText } from './dom.js';
import { Likes } from './likes.js';
import { Hand, lineOffer } from './lines.js';
import {
  closeSentence,
  errorSentence,
  leaveSentence,
  refusalSentence,
  seconds,
} from './sentences.js';

const COUNTDOWN_MS = 500;

export class Status {
  pill = el('span', { className: 'state', role: 'status' });
  banner;
  /** connecting, joining, live, waiting, refused or closed */
  shown = 'connecting';
  /** What share of the room's messages is shown, while that is not all of them. */
  rate = el('div', { className: 'rate', role: 'status', hidden: true });
  /** @type {Hand} */
  hand;
  /** @type {Likes} */
  likes;

  #words;
  #language;
  #says = el('span');
  #action = el('button', { type: 'button' });
  #secret;
  #countdown = 0;

  constructor({ words, language }) {
    this.#words = words;
    this.#language = language;
    this.hand = new Hand(words);
    this.likes = new Likes(words);
    this.#secret = el('input', {
      type: 'password',
      autocomplete: 'off',
      hidden: true,
      aria: { label: words.password },
      on: { keydown: (e) => e.key === 'Enter' && this.#action.click() },
    });
    this.banner = el(
      'div',
      { className: 'banner', role: 'alert', hidden: true },
      this.#says,
      this.#secret,
      this.#action,
    );
  }

  /** What stands in the header. */
  get nodes() {
    return [this.hand.node, this.likes.node, this.pill];
  }

  destroy() {
    clearInterval(this.#countdown);
    this.likes.destroy();
  }

  /** What changes while everything is well.
   * @param {import('./room.js').Room} chat */
  showRoom(chat) {
    this.hand.show(chat, this.shown === 'live');
    this.likes.show(chat, this.shown === 'live');
    const sentence = this.#rateOf(chat.info);
    this.rate.hidden = !sentence || this.shown !== 'live';
    setText(this.rate, sentence);
  }

  #rateOf({ rung = 'normal', kept = 1_000 }) {
    if (rung === 'high_only') return this.#words.showingFew;
    if (rung === 'read_only') return this.#words.showingNone;
    const of = Math.round(1_000 / Math.max(kept, 1));
    return rung === 'sample' && of > 1 ? this.#words.showingOneOf(of) : '';
  }

  /**
   * @param {import('./chatroom.js').ChatClient} client
   * @param {import('./room.js').Room} chat
   * @param {{reason: string, text?: string, back?: boolean}|null} left  the last `left` event
   * @param {() => void} rejoin
   */
  show(client, chat, left, rejoin) {
    this.shown = stateOf(client, chat, left);
    this.showRoom(chat);
    this.pill.className = `state ${this.shown}`;
    setText(this.pill, this.#words[this.shown]);
    this.pill.title = this.#words[this.shown];
    clearInterval(this.#countdown);
    // What stays is not hidden for a moment: whoever types there would lose the focus.
    this.banner.hidden = !['waiting', 'closed', 'refused'].includes(this.shown);
    const offer = this.shown === 'refused' && !left ? lineOffer(chat, this.#words, rejoin) : null;
    const asks = !offer && !left && chat.error?.code === 'wrong_password';
    this.#secret.hidden = this.shown !== 'refused' || !asks;
    if (this.shown === 'waiting') {
      this.#countdown = setInterval(() => this.#showWaiting(client), COUNTDOWN_MS);
      this.#showWaiting(client);
    } else if (this.shown === 'closed') {
      this.#offer(this.#ending(client.lastClose), this.#words.reconnect, () => client.retry());
    } else if (offer) {
      this.#offer(...offer, 'banner');
    } else if (!this.#secret.hidden) {
      const enter = () => {
        chat.password = this.#secret.value;
        this.#secret.value = '';
        rejoin();
      };
      this.#offer(this.#words.asksPassword, this.#words.rejoin, enter, 'banner');
    } else if (this.shown === 'refused' && !left && chat.retryAt) {
      this.#countdown = setInterval(() => this.#showRetry(chat, rejoin), COUNTDOWN_MS);
      this.#showRetry(chat, rejoin);
    } else if (this.shown === 'refused') {
      const why = left
        ? leaveSentence(left.reason, this.#language) + (left.text ? ` (${left.text})` : '')
        : refusalSentence(chat.error, this.#language);
      this.#offer(why, this.#words.rejoin, rejoin);
    }
  }

  /** Refused for a while: the room is entered again by itself. */
  #showRetry(chat, rejoin) {
    const rest = seconds(chat.retryAt - performance.now());
    const why = errorSentence(chat.error, this.#language);
    const sentence = why + this.#words.between + this.#words.tryingIn(rest);
    this.#offer(sentence, this.#words.tryNow, rejoin, 'banner');
  }

  #showWaiting(client) {
    const rest = seconds((client.retryAt ?? 0) - performance.now());
    const why = this.#ending(client.lastClose);
    const sentence = why + this.#words.between + this.#words.comingBack(rest);
    this.#offer(sentence, this.#words.tryNow, () => client.retry(), 'banner');
  }

  /** A refused sign-in is better told by its close code than by "sign in first". */
  #ending({ error, code }) {
    return error && error.code !== 'unauthorized'
      ? errorSentence(error, this.#language)
      : closeSentence(code, this.#language);
  }

  #offer(sentence, label, act, className = 'banner bad') {
    this.banner.className = className;
    // Unchanged text is left alone, or a screen reader would read it twice a second.
    setText(this.#says, sentence);
    setText(this.#action, label);
    this.#action.onclick = act;
    this.banner.hidden = false;
  }
}

function stateOf(client, chat, left) {
  if (client.state === 'idle') return 'connecting';
  if (client.state !== 'live') return client.state;
  if (chat.state === 'in') return 'live';
  return chat.state === 'refused' || left ? 'refused' : 'joining';
}
