// Makes the parts of one visit to a room and ties them together. All know each other through the
// page that this returns, and go with it.

import { Announcer } from './announcer.js';
import { Blocked } from './blocked.js';
import { ChatList } from './chat-list.js';
import { Composer } from './composer.js';
import { Conversation } from './conversation.js';
import { DeskButton } from './desk.js';
import { el } from './dom.js';
import { Nicks } from './entries.js';
import { Hearing } from './hearing.js';
import { Opening } from './opening.js';
import { chatPanel } from './panel.js';
import { PinnedBar } from './pinned.js';
import { RowActions } from './row-actions.js';
import { Saying } from './saying.js';
import { refusalSentence } from './sentences.js';
import { Sheets } from './sheets.js';
import { Showing } from './showing.js';
import { Status } from './status.js';
import { wordsFor } from './strings.js';
import { Theatre } from './theatre.js';

const LABEL_CHARS = 60;

/** What all parts share. `left`: the last `left` event, until one is in again. */
class Page {
  left = null;
  wasAway = false;
  rejoin = () => {};

  #element;

  constructor(element, language) {
    this.#element = element;
    this.language = language;
    this.words = wordsFor(language);
  }

  get chat() {
    return this.#element.chat;
  }

  get client() {
    return this.#element.client;
  }

  get nick() {
    return this.client.nick ?? this.client.user;
  }

  get stage() {
    return this.theatre.stage;
  }

  get following() {
    return this.list.following;
  }

  get renameable() {
    return !this.#element.hasAttribute('token');
  }

  rename(nick) {
    this.#element.rename(nick);
  }

  tell(type, detail) {
    const event = new CustomEvent(type, { detail, bubbles: true, composed: true });
    this.#element.dispatchEvent(event);
  }
}

/** @param {import('./chat-room.js').ChatRoom} element */
export function makePage(element) {
  const language = element.getAttribute('lang') ?? navigator.language ?? 'en';
  const page = /** @type {any} */ (new Page(element, language));
  const { words } = page;
  const refused = (error) => page.composer.notify(refusalSentence(error, language));
  page.nicks = new Nicks();
  page.blocked = new Blocked((user, nick) => page.hearing.hide(user, nick));
  page.live = new Announcer(words);
  page.status = new Status({ words, language });
  page.hearing = new Hearing(page);
  page.showing = new Showing(page);
  page.saying = new Saying(page);
  page.opening = new Opening(page);
  page.theatre = new Theatre({ words, onPeople: (opener) => page.opening.members(opener) });
  page.composer = new Composer({
    words,
    language,
    send: (text, options) => page.saying.say(text, options),
    rename: (nick) => page.saying.rename(nick),
    me: () => ({
      nick: page.nick,
      renameable: page.renameable,
      room: page.chat,
      blocked: page.blocked,
    }),
  });
  page.panel = chatPanel(words, {
    onPeople: () => page.opening.members(),
    onNewer: () => page.list.follow(),
  });
  makeList(page, refused);
  page.pinned = new PinnedBar({ words, refused });
  page.desk = new DeskButton({ words, open: () => page.opening.desk() });
  page.sheets = new Sheets(page.panel.middle);
  page.onVisible = () => page.hearing.looked();
  document.addEventListener('visibilitychange', page.onVisible);
  page.panel.fill({ ...page, tabs: page.conversation.tabs });
  const app = el('div', { className: 'app' }, page.theatre.node, page.panel.node);
  element.shadowRoot.replaceChildren(app);
  return page;
}

function makeList(page, refused) {
  const { words } = page;
  const { log } = page.panel;
  const actions = new RowActions(log, {
    label: ({ nick, text }) => words.actionsFor(`${nick}: ${text.slice(0, LABEL_CHARS)}`),
    open: (event, entry) => page.opening.menu(event, entry),
  });
  log.addEventListener('click', (event) => {
    const nick = event.target.closest?.('.nick');
    if (nick) page.opening.card(nick.parentNode.entry);
  });
  page.list = new ChatList(log, {
    onOlder: (before) => page.conversation.older(before),
    onNews: (count) => page.showing.news(count),
    onRelease: (row) => actions.release(row),
  });
  page.conversation = new Conversation({
    words,
    list: page.list,
    entryOf: (message) => page.hearing.entryOf(message),
    refused,
    looking: () => page.showing.view(),
  });
}
