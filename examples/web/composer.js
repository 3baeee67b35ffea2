// The send box: Enter sends, the counter counts bytes as the protocol does, refusals stand above as
// sentences, and a wait that the server asked for is counted down on the button.

import { el, icon, iconButton, setText, utf8Length } from './dom.js';
import { quoteOf } from './entries.js';
import { meSheet } from './me.js';
import { quickSheet } from './quick.js';
import { refusalSentence, shortTime } from './sentences.js';

const NOTICE_MS = 6_000;

export class Composer {
  node;
  textMax = 2_048;
  slowed = false;

  #words;
  #language;
  #hooks;
  #parts = {};
  #coolUntil = 0;
  #coolTimer = 0;
  #noticeTimer = 0;
  #popup = null;
  #answered = null; // the message that the next one answers
  #to = null; // or whom all that is written now is for
  #chip = null; // and how that is shown

  /**
   * @param {{words: any, language: string,
   *   send: (text: string, options: {kind?: string, replyTo?: number,
   *     to?: {user: string, nick: string}}) => Promise<void>,
   *   me: () => import('./me.js').Me, rename: (nick: string) => void}} options
   */
  constructor({ words, language, ...hooks }) {
    this.#words = words;
    this.#language = language;
    this.#hooks = hooks;
    this.#build();
    this.#refresh();
  }

  /** `open`: what is written goes out at once; `away`: once we are back; `shut`: not at all. */
  set mode(mode) {
    const { input, smile } = this.#parts;
    const { placeholderOffline, placeholderShut } = this.#words;
    const { placeholder } = this.#parts;
    this.#parts.mode = mode;
    const open = this.#to ? this.#words.whisperingTo(this.#to.nick) : placeholder;
    input.placeholder = { open, away: placeholderOffline, shut: placeholderShut }[mode];
    input.disabled = smile.disabled = mode === 'shut';
    this.#refresh();
  }

  /** @param {{nick: string, role: string}} me */
  setMe({ nick, role }) {
    setText(this.#parts.nick, nick);
    this.#parts.me.hidden = !nick;
    if (role) this.#parts.nick.dataset.badge = role;
    else delete this.#parts.nick.dataset.badge;
  }

  /** Where it goes, when that is not plain. */
  setTarget(channel) {
    const { placeholder, placeholderIn } = this.#words;
    this.#parts.placeholder = channel === 'main' ? placeholder : placeholderIn(channel);
    if (this.#parts.mode === 'open') this.mode = 'open';
  }

  /** The next message answers this one. @param {import('./rows.js').Entry|null} entry */
  replyTo(entry) {
    this.#answered = entry;
    this.#to = null;
    this.#aim(entry && 'reply', entry && quoteOf(entry, this.#words));
  }

  /** All that is written is for this one alone, until that is dropped: whoever whispers twice must
   * not say the second aloud. @param {{user: string, nick: string}} person */
  whisperTo(person) {
    this.#answered = null;
    this.#to = person;
    this.#aim('whisper', this.#words.whisperingTo(person.nick));
  }

  /** No sending for this long; `slow`: because of slow mode. */
  coolDown(ms, slow = false) {
    this.slowed = slow;
    this.#coolUntil = Math.max(this.#coolUntil, performance.now() + ms);
    this.#refresh();
  }

  /** One may speak again, sooner than was said. */
  warm() {
    this.#coolUntil = 0;
    this.#refresh();
  }

  notify(sentence) {
    clearTimeout(this.#noticeTimer);
    setText(this.#parts.notice, sentence);
    if (sentence) this.#noticeTimer = setTimeout(() => this.notify(''), NOTICE_MS);
  }

  /** Puts text where the cursor is, as when somebody is mentioned. */
  insert(text) {
    const { input } = this.#parts;
    const space = input.value && !/\s$/.test(input.value.slice(0, input.selectionStart)) ? ' ' : '';
    input.setRangeText(space + text, input.selectionStart, input.selectionEnd, 'end');
    input.focus();
    this.#refresh();
  }

  destroy() {
    clearTimeout(this.#coolTimer);
    clearTimeout(this.#noticeTimer);
  }

  #build() {
    const words = this.#words;
    const input = el('textarea', {
      rows: 1,
      placeholder: words.placeholder,
      dir: 'auto',
      enterKeyHint: 'send',
      autocomplete: 'off',
      spellcheck: false,
      aria: { label: words.placeholder },
      on: { input: () => this.#refresh(), keydown: (e) => this.#key(e) },
    });
    const notice = el('p', { className: 'notice', role: 'status' });
    const quick = () => this.#toggle('quick', () => this.#quick());
    const smile = iconButton('smile', words.quick, quick, { aria: { expanded: 'false' } });
    const nick = el('bdi');
    const me = el(
      'button',
      {
        type: 'button',
        className: 'me',
        title: words.me,
        aria: { label: words.me, expanded: 'false' },
        on: { click: () => this.#toggle('me', () => this.#me()) },
      },
      nick,
      icon('pencil'),
    );
    const bytes = el('span', { className: 'bytes', aria: { label: words.bytesLabel } });
    const send = el('button', { type: 'submit', className: 'send' }, words.send);
    this.node = el(
      'form',
      {
        className: 'composer',
        on: {
          submit: (e) => {
            e.preventDefault();
            this.#submit();
          },
          keydown: (e) => e.key === 'Escape' && this.#escape(),
        },
      },
      notice,
      el('div', { className: 'field' }, input, smile),
      el('div', { className: 'under' }, me, bytes, send),
    );
    const { placeholder } = words;
    this.#parts = { input, notice, smile, nick, me, bytes, send, placeholder };
  }

  /** Shows above the box where the next message goes. */
  #aim(kind, text) {
    const { input, notice, mode } = this.#parts;
    this.#chip?.remove();
    this.#chip = null;
    this.node.classList.toggle('whispers', kind === 'whisper');
    if (mode) this.mode = mode;
    if (!kind) return;
    const label = kind === 'whisper' ? this.#words.noWhisper : this.#words.noReply;
    const drop = () => {
      this.replyTo(null);
      input.focus();
    };
    this.#chip = el(
      'div',
      { className: 'reply' },
      icon(kind === 'whisper' ? 'lock' : kind),
      el('bdi', {}, text),
      iconButton('cross', label, drop),
    );
    notice.after(this.#chip);
    input.focus();
  }

  #key(event) {
    // While an input method is composing, Enter chooses a word; it must not send half of one.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229)
      return;
    event.preventDefault();
    this.#submit();
  }

  #submit() {
    const text = this.#parts.input.value.trim();
    if (!text || this.#parts.send.disabled) return;
    this.#parts.input.value = '';
    this.#refresh();
    this.#say(text);
  }

  async #say(text, kind) {
    const answered = kind ? null : this.#answered;
    const to = kind ? null : this.#to;
    if (answered) this.replyTo(null);
    this.notify('');
    try {
      await this.#hooks.send(text, { kind, replyTo: answered?.offset, to });
    } catch (error) {
      const gone = kind || error.code === 'held'; // it waits for a moderator: to say it again is vain
      if (answered && !gone && !this.#answered && !this.#to) this.replyTo(answered);
      this.#refused(error, gone ? '' : text);
    }
  }

  #refused(error, text) {
    const { input } = this.#parts;
    if (!input.value) input.value = text; // nothing that was written is lost
    this.notify(refusalSentence(error, this.#language));
    if (error.retryAfterMs > 0) this.coolDown(error.retryAfterMs, error.code === 'slow_mode');
    this.#refresh();
  }

  #refresh() {
    const { input, bytes, send } = this.#parts;
    const used = utf8Length(input.value.trim());
    const rest = this.#coolUntil - performance.now();
    setText(bytes, used > 0 ? this.#words.bytes(used, this.textMax) : '');
    const mark = used > this.textMax ? ' over' : used > this.textMax * 0.8 ? ' near' : '';
    bytes.className = `bytes${mark}`;
    bytes.title = used > this.textMax ? this.#words.tooLong : '';
    send.disabled = input.disabled || used === 0 || used > this.textMax || rest > 0;
    setText(send, rest > 0 ? shortTime(rest, this.#language) : this.#words.send);
    clearTimeout(this.#coolTimer);
    if (rest > 0) this.#coolTimer = setTimeout(() => this.#refresh(), Math.min(250, rest + 10));
    input.style.height = '40px';
    if (input.scrollHeight > 44) input.style.height = `${Math.min(112, input.scrollHeight)}px`;
  }

  // The two little sheets above the box, made when they are opened

  #toggle(name, make) {
    const opener = name === 'quick' ? this.#parts.smile : this.#parts.me;
    if (this.#popup?.name === name) return this.#close();
    this.#close();
    this.#popup = { name, opener, node: make() };
    opener.setAttribute('aria-expanded', 'true');
    this.node.append(this.#popup.node);
    this.#popup.node.querySelector('input, button').focus();
  }

  #close() {
    if (!this.#popup) return;
    const { node, opener } = this.#popup;
    this.#popup = null;
    node.remove();
    opener.setAttribute('aria-expanded', 'false');
    opener.focus();
  }

  #escape() {
    if (this.#popup) this.#close();
    else this.replyTo(null);
  }

  #quick() {
    const choose = (text, kind) => {
      if (this.#coolUntil > performance.now() && !kind) return;
      if (!kind) this.#close(); // gifts are given again and again
      this.#say(text, kind);
    };
    return quickSheet(this.#words, choose);
  }

  #me() {
    return meSheet({
      words: this.#words,
      language: this.#language,
      me: this.#hooks.me(),
      rename: (nick) => this.#hooks.rename(nick),
      close: () => this.#close(),
    });
  }
}
