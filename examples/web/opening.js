// Opens what stands over the chat: the list of members, the moderators' desk, a menu, a card.

import { Card } from './card.js';
import { Desk } from './desk.js';
import { Members } from './members.js';
import { Menu } from './menu.js';

export class Opening {
  #page;

  constructor(page) {
    this.#page = page;
  }

  /** @param {HTMLElement} [opener] */
  members(opener = this.#page.panel.people) {
    const { chat, client, sheets, words, language } = this.#page;
    if (sheets.is(Members)) return sheets.close();
    if (chat?.state !== 'in') return;
    const members = new Members({
      room: chat,
      words,
      language,
      me: client.user,
      pick: (event, { user, ...member }) => {
        event.preventDefault();
        this.card({ ...member, user, own: user === client.user }, null, () => this.members(opener));
      },
      close: () => sheets.close(),
    });
    sheets.open(members, opener);
  }

  desk() {
    const { chat, sheets, words, language, desk } = this.#page;
    if (sheets.is(Desk)) return sheets.close();
    if (chat?.state !== 'in') return;
    const close = () => sheets.close();
    sheets.open(new Desk({ room: chat, words, language, close }), desk.node);
  }

  /** What one can do about a message or a member. */
  menu(event, target) {
    const { chat, words, language, blocked, composer, saying, sheets } = this.#page;
    if (chat?.state !== 'in') return;
    let opener = event.target.closest?.('.act') ?? null;
    const menu = Menu.for({
      room: chat,
      target: named(target),
      words,
      language,
      blocked,
      reply: (entry) => {
        opener = null; // the box has the focus now
        composer.replyTo(entry);
      },
      mention: (entry) => {
        opener = null;
        saying.mention(entry);
      },
      person: (entry) => this.card(entry, opener),
      close: () => sheets.close(opener !== null),
    });
    if (!menu) return;
    event.preventDefault();
    sheets.open(menu, opener);
  }

  /** Who somebody is, and what one can do about him. `back`: where one came from. */
  card(target, opener = null, back = null) {
    const { chat, words, language, blocked, saying, sheets, panel } = this.#page;
    if (chat?.state !== 'in' || !target.user) return;
    const person = named(target);
    const card = new Card({
      room: chat,
      target: person,
      words,
      language,
      blocked,
      whisper: () => saying.whisperTo(person),
      mention: () => saying.mention({ ...person, type: 'message' }),
      close: (stay = true) => {
        sheets.close(stay);
        if (stay) back?.();
      },
    });
    sheets.open(card, opener ?? panel.log);
  }
}

/** Above a whisper stands more than a name. */
const named = (target) => ({ ...target, nick: target.name ?? target.nick });
