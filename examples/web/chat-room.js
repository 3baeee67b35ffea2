// <chat-room>: a live room for any page, with one script tag.
//
//   <script type="module" src="https://chat.example/chat-room.js"></script>
//   <chat-room room="live/1" name="Alice"><video slot="stage" …></video></chat-room>
//
// Attributes, all watched: `src` (ws:// or wss:// address; by default /chat where this file came
// from), `room`, `channels` (names, apart by commas; main), `token` (or, on open servers, `name`),
// `password`, `recent` (messages to begin with), `lang` (en, zh), `layout="chat"` (no stage).
// Events: `chat-message`, `chat-state`. Method: send(text). Properties: client, chat (see
// chatroom.js and room.js).

import { ChatClient } from './chatroom.js';
import { makePage } from './make-page.js';
import { Receipts } from './receipts.js';
import { refusalSentence } from './sentences.js';
import { sheets } from './styles.js';

const RECENT = 30;
const WATCHED = ['src', 'room', 'channels', 'token', 'name', 'password', 'recent', 'lang'];

export class ChatRoom extends HTMLElement {
  static observedAttributes = WATCHED;

  /** @type {ChatClient|null} */
  client = null;
  /** @type {import('./room.js').Room|null} */
  chat = null;

  #page = /** @type {any} */ (null); // what is made at each start, and gone at its end
  #starting = false;
  #guestNick = '';

  constructor() {
    super();
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = sheets;
  }

  connectedCallback() {
    this.#restart();
  }

  disconnectedCallback() {
    queueMicrotask(() => !this.isConnected && this.#stop()); // moving it is not leaving
  }

  attributeChangedCallback(_, before, now) {
    if (this.isConnected && before !== now) this.#restart();
  }

  /** @internal a new name, kept for the next connection */
  rename(nick) {
    this.client.rename(nick);
    this.#guestNick = nick;
  }

  /** Says something as the person at this page. */
  send(text) {
    return this.#page.saying.say(text);
  }

  // Starting. Several attributes may change at once; one start is enough.

  #restart() {
    if (this.#starting) return;
    this.#starting = true;
    queueMicrotask(() => {
      this.#starting = false;
      if (!this.isConnected) return;
      this.#stop();
      this.#page = makePage(this);
      this.#connect();
    });
  }

  #stop() {
    const page = this.#page;
    this.#page = null;
    this.client?.close();
    this.client = this.chat = null;
    if (!page) return;
    document.removeEventListener('visibilitychange', page.onVisible);
    page.sheets.close(false);
    page.receipts?.destroy();
    for (const part of ['status', 'live', 'list', 'composer', 'theatre']) page[part].destroy();
    this.shadowRoot.replaceChildren();
  }

  #connect() {
    const { words, hearing, composer, language, showing } = this.#page;
    const name = this.getAttribute('name')?.trim();
    const token = this.getAttribute('token');
    this.#guestNick ||= `${words.roles.visitor}${1000 + Math.floor(Math.random() * 9000)}`;
    const auth = token ? { token } : name ? { user: name, nick: name } : { nick: this.#guestNick };
    const client = (this.client = new ChatClient(this.#address(), auth));
    const on = (type, hear) =>
      client.addEventListener(type, (e) => client === this.client && hear(e.detail));
    on('state', () => showing.state());
    on('direct', (detail) => hearing.whisper(detail));
    on('notice', (error) => composer.notify(refusalSentence(error, language)));
    this.#enterRoom();
    client.connect();
  }

  #address() {
    const own = new URL('/chat', import.meta.url);
    const url = new URL(this.getAttribute('src') ?? own, document.baseURI);
    url.protocol = url.protocol.replace('http', 'ws');
    return url.href;
  }

  #enterRoom() {
    const page = this.#page;
    const name = this.getAttribute('room') || 'lobby';
    const recent = Number(this.getAttribute('recent') ?? RECENT) || 0;
    const password = this.getAttribute('password') ?? undefined;
    const more = (this.getAttribute('channels') ?? '').split(',').map((channel) => channel.trim());
    const channels = [...new Set(['main', ...more.filter(Boolean)])];
    const chat = (this.chat = this.client.room(name, { recent, password, channels }));
    page.receipts?.destroy();
    const touch = (entry) => page.conversation.touch(entry);
    page.receipts = new Receipts({ room: chat, words: page.words, touch });
    page.rejoin = () => (page.left && !page.left.back ? this.#enterRoom() : chat.enter());
    page.left = null;
    page.hearing.listen(chat);
    page.showing.listen(chat);
  }
}

if (!customElements.get('chat-room')) customElements.define('chat-room', ChatRoom);
