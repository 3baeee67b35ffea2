// The send box: Enter sends, the counter counts bytes as the protocol does, refusals stand above as
// sentences, and a wait that the server asked for is counted down on the button.

import { el, icon, setText, utf8Length } from './dom.js';
import { errorSentence, seconds } from './sentences.js';

const GIFTS = ['🌹', '🎁', '🚀'];
const QUICK = ['👏', '❤️', '😂', '🔥', '👍', '😮', '666', '+1', '哈哈', 'GG', 'LUL', '???'];
const NOTICE_MS = 6_000;
const NICK_BYTES = 64;

export class Composer {
  node;
  textMax = 2_048;

  #words;
  #language;
  #hooks;
  #parts = {};
  #coolUntil = 0;
  #coolTimer = 0;
  #noticeTimer = 0;
  #popup = null;

  /**
   * @param {{words: any, language: string, send: (text: string) => Promise<void>,
   *   rename: (nick: string) => void}} options
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
    const { placeholder, placeholderOffline, placeholderShut } = this.#words;
    input.placeholder = { open: placeholder, away: placeholderOffline, shut: placeholderShut }[
      mode
    ];
    input.disabled = smile.disabled = mode === 'shut';
    this.#refresh();
  }

  /** @param {{nick: string, renameable: boolean}} me */
  setMe({ nick, renameable }) {
    setText(this.#parts.nick, nick);
    this.#parts.me.disabled = !renameable;
    this.#parts.me.hidden = !nick;
  }

  /** No sending for this long. */
  coolDown(ms) {
    this.#coolUntil = Math.max(this.#coolUntil, performance.now() + ms);
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
    const smile = el(
      'button',
      {
        type: 'button',
        className: 'round',
        title: words.quick,
        aria: { label: words.quick, expanded: 'false' },
        on: { click: () => this.#toggle('quick', () => this.#quickReactions()) },
      },
      icon('smile'),
    );
    const nick = el('bdi');
    const me = el(
      'button',
      {
        type: 'button',
        className: 'me',
        title: words.speakingAs,
        aria: { label: words.speakingAs, expanded: 'false' },
        on: { click: () => this.#toggle('rename', () => this.#renameForm()) },
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
          keydown: (e) => e.key === 'Escape' && this.#close(),
        },
      },
      notice,
      el('div', { className: 'field' }, input, smile),
      el('div', { className: 'under' }, me, bytes, send),
    );
    this.#parts = { input, notice, smile, nick, me, bytes, send };
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
    this.notify('');
    try {
      await this.#hooks.send(text, kind);
    } catch (error) {
      this.#refused(error, kind ? '' : text);
    }
  }

  #refused(error, text) {
    const { input } = this.#parts;
    if (!input.value) input.value = text; // nothing that was written is lost
    const wait = error.retryAfterMs ?? 0;
    const sentence = errorSentence(error, this.#language);
    this.notify(
      wait > 0 ? sentence + this.#words.between + this.#words.tryAgainIn(seconds(wait)) : sentence,
    );
    if (wait > 0) this.coolDown(wait);
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
    setText(send, rest > 0 ? this.#words.waitSeconds(seconds(rest)) : this.#words.send);
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

  #quickReactions() {
    const choose = (event) => {
      const button = event.target.closest('button');
      if (!button || this.#coolUntil > performance.now()) return;
      const gift = button.className === 'gift';
      if (!gift) this.#close(); // gifts are given again and again
      this.#say(button.textContent, gift ? 'gift' : undefined);
    };
    const buttons = QUICK.map((text) => el('button', { type: 'button' }, text));
    for (const text of GIFTS) {
      const title = this.#words.giveGift;
      buttons.push(el('button', { type: 'button', className: 'gift', title }, text));
    }
    return el(
      'div',
      {
        className: 'sheet quick',
        role: 'group',
        aria: { label: this.#words.quick },
        on: { click: choose },
      },
      ...buttons,
    );
  }

  #renameForm() {
    const words = this.#words;
    const save = () => {
      const nick = input.value.trim();
      if (nick && utf8Length(nick) <= NICK_BYTES && nick !== this.#parts.nick.textContent)
        this.#hooks.rename(nick);
      this.#close();
    };
    const input = el('input', {
      value: this.#parts.nick.textContent,
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
    return el(
      'div',
      { className: 'sheet rename', role: 'group', aria: { label: words.speakingAs } },
      input,
      el('button', { type: 'button', className: 'soft', on: { click: save } }, words.save),
    );
  }
}
