// <chat-room>: a live room for any page, with one script tag.
//
//   <script type="module" src="https://chat.example/chat-room.js"></script>
//   <chat-room room="live/1" name="Alice"><video slot="stage" …></video></chat-room>
//
// Attributes, all watched: `src` (ws:// or wss:// address; by default /chat where this file came
// from), `room`, `token` (or, on open servers, `name`), `password`, `recent` (messages to begin
// with), `lang` (en, zh), `layout="chat"` (no stage). Events: `chat-message`, `chat-state`.
// Method: send(text). Properties: client, chat (see chatroom.js and room.js).

import { ChatClient, errorSentence, gapSentence } from './chatroom.js';
import { ChatList } from './chat-list.js';
import { Composer } from './composer.js';
import { el, hueOf, icon, setText } from './dom.js';
import { Nicks, bulletOf, entryOf } from './entries.js';
import { Members } from './members.js';
import { ModeratorMenu, heldSentence, pinnedText } from './moderator.js';
import { Status } from './status.js';
import { wordsFor } from './strings.js';
import { sheet } from './styles.js';
import { Theatre } from './theatre.js';

const RECENT = 30;
const OLDER_PAGE = 50;
const PENDING_AFTER_MS = 250; // an answer that is quicker needs no "sending"
const ANNOUNCE_MS = 2_500;

export class ChatRoom extends HTMLElement {
  static observedAttributes = ['src', 'room', 'token', 'name', 'password', 'recent', 'lang'];

  /** @type {ChatClient|null} */
  client = null;
  /** @type {import('./room.js').Room|null} */
  chat = null;

  #words = wordsFor('en');
  #language = 'en';
  #parts = {};
  #list = null;
  #composer = null;
  #theatre = null;
  #members = null;
  #menu = null;
  #pinned; // the offset that is shown
  #nicks = new Nicks();
  #unsaid = [];
  #announceTimer = 0;
  /** @type {Status|null} */
  #status = null;
  #starting = false;
  #guestNick = '';
  #left = null;
  #wasAway = false;

  constructor() {
    super();
    this.attachShadow({ mode: 'open' }).adoptedStyleSheets = [sheet];
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

  /** Says something as the person at this page. */
  send(text) {
    return this.#say(text);
  }

  // Starting. Several attributes may change at once; one start is enough.

  #restart() {
    if (this.#starting) return;
    this.#starting = true;
    queueMicrotask(() => {
      this.#starting = false;
      if (!this.isConnected) return;
      this.#stop();
      this.#build();
      this.#connect();
    });
  }

  #stop() {
    clearTimeout(this.#announceTimer);
    this.#status?.destroy();
    this.#closeMembers();
    this.#closeMenu();
    this.#pinned = undefined;
    this.client?.close();
    this.#list?.destroy();
    this.#composer?.destroy();
    this.#theatre?.destroy();
    this.client = null;
    this.chat = null;
  }

  #build() {
    this.#language = this.getAttribute('lang') ?? navigator.language ?? 'en';
    const words = (this.#words = wordsFor(this.#language));
    this.#theatre = new Theatre({ words, onPeople: () => this.#toggleMembers() });
    this.#composer = new Composer({
      words,
      language: this.#language,
      send: (text, kind) => this.#say(text, kind),
      rename: (nick) => this.#rename(nick),
    });
    const log = el('div', {
      className: 'log',
      role: 'log',
      tabIndex: 0,
      aria: { label: words.chat, live: 'off' },
    });
    log.addEventListener('click', (e) => this.#clickedRow(e.target));
    log.addEventListener('contextmenu', (e) => {
      const entry = e.target.closest?.('.row')?.entry;
      if (entry?.type === 'message') this.#openMenu(e, entry);
    });
    const news = el('span');
    const newer = el(
      'button',
      {
        type: 'button',
        className: 'newer',
        hidden: true,
        on: { click: () => this.#list.follow() },
      },
      icon('down'),
      news,
    );
    const status = (this.#status = new Status({ words, language: this.#language }));
    const slow = el('span', { className: 'slow', hidden: true });
    const people = el(
      'button',
      {
        type: 'button',
        className: 'round',
        title: words.members,
        aria: { label: words.members, expanded: 'false' },
        on: { click: () => this.#toggleMembers() },
      },
      icon('people'),
    );
    const pinned = el('div', { className: 'pinned', dir: 'auto', hidden: true });
    const live = el('div', { className: 'sr', aria: { live: 'polite' } });
    const middle = el('div', { className: 'middle' }, log, newer);
    const panel = el(
      'section',
      { className: 'chat', aria: { label: words.chat } },
      el('header', { className: 'bar' }, el('h2', {}, words.chat), slow, ...status.nodes, people),
      status.banner,
      status.rate,
      pinned,
      middle,
      this.#composer.node,
      live,
    );
    this.shadowRoot.replaceChildren(el('div', { className: 'app' }, this.#theatre.node, panel));
    this.#parts = { newer, news, slow, people, pinned, live, middle };
    this.#list = new ChatList(log, {
      onOlder: (before) => this.#older(before),
      onNews: (n) => this.#news(n),
    });
  }

  #connect() {
    const name = this.getAttribute('name')?.trim();
    const token = this.getAttribute('token');
    this.#guestNick ||= `${this.#words.roles.visitor}${1000 + Math.floor(Math.random() * 9000)}`;
    const auth = token ? { token } : name ? { user: name, nick: name } : { nick: this.#guestNick };
    const client = (this.client = new ChatClient(this.#address(), auth));
    client.addEventListener('state', () => this.#showState());
    client.addEventListener('direct', (e) => this.#whisper(e.detail));
    client.addEventListener('notice', (e) =>
      this.#composer.notify(errorSentence(e.detail, this.#language)),
    );
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
    const name = this.getAttribute('room') || 'lobby';
    const recent = Number(this.getAttribute('recent') ?? RECENT) || 0;
    const password = this.getAttribute('password') ?? undefined;
    const chat = (this.chat = this.client.room(name, { recent, password }));
    const on = (type, hear) =>
      chat.addEventListener(type, (e) => chat === this.chat && hear(e.detail));
    this.#left = null;
    on('joined', (detail) => this.#joined(detail));
    on('message', (detail) => this.#heard(detail));
    on('gap', (detail) => this.#gap(detail));
    on('presence', () => this.#presence());
    on('room_state', () => this.#showRoom());
    on('moderation', (detail) => this.#moderated(detail));
    on('held', (detail) => this.#note(heldSentence(detail, this.client.user, this.#words), 'warn'));
    on('message_removed', ({ offset }) => this.#takeBack((entry) => entry.offset === offset));
    on('messages_cleared', ({ user }) =>
      this.#takeBack((entry) => entry.offset > 0 && (!user || entry.user === user)),
    );
    on('reset', () => this.#note(this.#words.anew, 'warn'));
    for (const type of ['refused', 'queue', 'called']) on(type, () => this.#showState());
    on('left', (detail) => this.#leaves(detail));
  }

  // Saying

  async #say(text, kind) {
    const whisper = /^\/w\s+(\S+)\s+([^]+)$/.exec(text);
    if (whisper) return this.#sayTo(whisper[1], whisper[2]);
    const entry = {
      type: 'pending',
      text,
      nick: this.#myNick(),
      user: this.client.user,
      own: true,
      hue: hueOf(this.client.user ?? ''),
      badge: this.#words.pending,
    };
    const timer = setTimeout(() => this.#list.push(entry), PENDING_AFTER_MS);
    try {
      await this.chat.publish(text, { kind, mentions: this.#nicks.mentionedIn(text) });
      this.#list.follow();
      const pause = this.chat.info.policy?.slow_mode_s ?? 0;
      if (pause > 0 && !['owner', 'admin', 'moderator'].includes(this.chat.role))
        this.#composer.coolDown(pause * 1_000);
    } finally {
      clearTimeout(timer);
      this.#list?.remove((other) => other === entry);
    }
  }

  async #sayTo(user, text) {
    const target = this.#nicks.userOf(user);
    await this.client.sendTo(target, text);
    this.#list.push({
      type: 'direct',
      text,
      user: target,
      nick: this.#words.whisperTo(user),
      hue: hueOf(target),
      time: Date.now(),
    });
  }

  #rename(nick) {
    this.client.rename(nick);
    this.#guestNick = nick;
    this.#showMe();
    this.#note(this.#words.renamed(nick));
  }

  // Hearing

  #heard({ message, own, replayed }) {
    if (message.kind === 'signal' || this.chat.blocked.has(message.user)) return;
    const text = message.text ?? '';
    if (!text) return;
    this.#nicks.learn(message);
    const entry = this.#entryOf(message, own);
    if (entry.gift) this.#list.remove((other) => other.gift === entry.gift); // it counts on
    this.#list.push(entry);
    if (!replayed) {
      this.#theatre.stage.push(bulletOf(message, own));
      if (!own) this.#announce(entry);
    }
    this.#tell('chat-message', { message, own, replayed });
  }

  #entryOf(message, own) {
    const me = { user: this.client.user, nick: this.#myNick() };
    return entryOf(message, { own, words: this.#words, me });
  }

  #whisper({ user, nick, text }) {
    if (!text) return;
    const own = user === this.client.user;
    this.#list.push({
      type: 'direct',
      text,
      user,
      own,
      nick: own ? nick : this.#words.whisperFrom(nick || user),
      hue: hueOf(user),
      time: Date.now(),
    });
  }

  #gap({ reason, count }) {
    const what = count > 0 ? this.#words.gap(count) : this.#words.gapSome;
    this.#note(what + this.#words.between + gapSentence(reason, this.#language), 'warn');
  }

  #takeBack(matches) {
    this.#list.remove(matches);
    this.#theatre.stage.remove(matches);
  }

  #moderated({ action, user, text, role }) {
    const who = this.#nicks.nickOf(user);
    const words = this.#words;
    this.#showState();
    if (action === 'set_role')
      return this.#note(words.nowRole(who, words.roles[role] ?? words.plainMember));
    const sentence = {
      mute: this.#words.muted,
      unmute: this.#words.unmuted,
      ban: this.#words.banned,
      kick: this.#words.kicked,
    }[action]?.(who);
    if (sentence) this.#note(text ? `${sentence} (${text})` : sentence, 'warn');
  }

  async #older(before) {
    let page = await this.chat.history({ before, limit: OLDER_PAGE });
    while (page.messages.length === 0 && page.offset) {
      page = await this.chat.history({ before: page.offset, limit: OLDER_PAGE });
    }
    const { messages, more } = page;
    return {
      entries: messages
        .filter((m) => m.text)
        .map((m) => this.#entryOf(m, m.user === this.client.user)),
      more,
    };
  }

  // Showing

  #joined({ again, recovered }) {
    if (!again) this.#note(this.#words.joined(this.chat.name));
    else if (recovered && this.#wasAway) this.#note(this.#words.caughtUp, 'good');
    this.#left = null;
    this.#wasAway = false;
    this.#showRoom();
    this.#showState();
    this.#members?.refresh();
  }

  #presence() {
    this.#showTitle();
    this.#members?.refresh();
  }

  #showRoom() {
    const { policy = {}, pinned = [] } = this.chat.info;
    const { slow, pinned: bar } = this.#parts;
    slow.hidden = !(policy.slow_mode_s > 0);
    setText(slow, this.#words.slowMode(policy.slow_mode_s));
    this.#showPinned(bar, pinned[pinned.length - 1]);
    this.#status.showRoom(this.chat);
    this.#presence();
    this.#showMe();
  }

  async #showPinned(bar, offset) {
    if (this.#pinned === offset) return;
    this.#pinned = offset;
    const text = await pinnedText(this.chat, offset).catch(() => '');
    if (this.#pinned !== offset) return;
    bar.hidden = !text;
    setText(bar, text);
  }

  #showMe() {
    this.#composer.textMax = this.client.limits.text_bytes ?? 2_048;
    this.#composer.setMe({ nick: this.#myNick() ?? '', renameable: !this.hasAttribute('token') });
  }

  #myNick() {
    return this.client.nick ?? this.client.user;
  }

  #leaves(detail) {
    this.#left = detail;
    this.#showState();
  }

  #showState() {
    if (!this.client || !this.chat) return;
    const { client, chat } = this;
    const rejoin = () => (this.#left && !this.#left.back ? this.#enterRoom() : chat.enter());
    this.#status.show(client, chat, this.#left, rejoin);
    const { shown } = this.#status;
    if (shown === 'waiting') this.#wasAway = true;
    const shut = shown === 'closed' || shown === 'refused';
    this.#composer.mode = shown === 'live' ? 'open' : shut ? 'shut' : 'away';
    this.#showTitle();
    this.#tell('chat-state', { state: shown });
  }

  #showTitle() {
    const topic = this.chat.info.attributes?.topic;
    this.#theatre.setTitle(this.chat.name, typeof topic === 'string' ? topic : '');
    this.#theatre.setOnline(this.chat.online, this.#status.shown === 'live');
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  #note(text, tone) {
    if (!text) return;
    this.#list.push({ type: 'system', text, tone });
  }

  #news(count) {
    const { newer, news } = this.#parts;
    newer.hidden = count === 0;
    if (count > 0) setText(news, this.#words.newMessages(count));
  }

  /** Screen readers hear a few messages as they are, and a flood as a number. */
  #announce({ nick, text }) {
    this.#unsaid.push(`${nick}: ${text.slice(0, 120)}`);
    if (this.#unsaid.length > 999) this.#unsaid.length = 999;
    this.#announceTimer ||= setTimeout(() => {
      this.#announceTimer = 0;
      const said =
        this.#unsaid.length > 3
          ? this.#words.announce(this.#unsaid.length)
          : this.#unsaid.join('. ');
      this.#unsaid.length = 0;
      setText(this.#parts.live, said);
    }, ANNOUNCE_MS);
  }

  // Members and mentions

  #clickedRow(target) {
    const nick = target.closest?.('.nick');
    const entry = nick?.parentNode.entry;
    if (entry?.user && !entry.own)
      this.#composer.insert(entry.type === 'direct' ? `/w ${entry.user} ` : `@${entry.nick} `);
  }

  #openMenu(event, target) {
    const close = () => {
      this.#closeMenu();
      this.#takeBack((entry) => this.chat.blocked.has(entry.user));
    };
    const [room, words, language] = [this.chat, this.#words, this.#language];
    const menu = ModeratorMenu.for({ room, target, words, language, close });
    if (!menu || this.chat.state !== 'in') return;
    event.preventDefault();
    this.#closeMenu();
    this.#menu = menu;
    this.#parts.middle.append(menu.node);
    menu.focus();
  }

  #closeMenu() {
    this.#menu?.node.remove();
    this.#menu = null;
  }

  #toggleMembers() {
    if (this.#members) return this.#closeMembers(true);
    if (this.chat?.state !== 'in') return;
    this.#members = new Members({
      room: this.chat,
      words: this.#words,
      language: this.#language,
      me: this.client.user,
      pick: (member) => {
        this.#nicks.learn(member);
        this.#closeMembers();
        if (member.user !== this.client.user)
          this.#composer.insert(`@${member.nick || member.user} `);
      },
      moderate: (event, member) => {
        this.#openMenu(event, { ...member, own: member.user === this.client.user });
        if (this.#menu) this.#closeMembers();
      },
      close: () => this.#closeMembers(true),
    });
    this.#parts.middle.append(this.#members.node);
    this.#parts.people.setAttribute('aria-expanded', 'true');
    this.#members.focus();
  }

  #closeMembers(focus = false) {
    if (!this.#members) return;
    this.#members.destroy();
    this.#members = null;
    this.#parts.people.setAttribute('aria-expanded', 'false');
    if (focus) this.#parts.people.focus();
  }
}

if (!customElements.get('chat-room')) customElements.define('chat-room', ChatRoom);
