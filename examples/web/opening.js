// Opens what stands over the chat: the list of members, the moderators' desk, a menu.

import { Desk } from './desk.js';
import { Members } from './members.js';
import { Menu } from './menu.js';

export class Opening {
  #page;

  constructor(page) {
    this.#page = page;
  }

  members() {
    const { chat, client, sheets, words, language, panel } = this.#page;
    if (sheets.is(Members)) return sheets.close();
    if (chat?.state !== 'in') return;
    const members = new Members({
      room: chat,
      words,
      language,
      me: client.user,
      pick: (event, member) => this.menu(event, { ...member, own: member.user === client.user }),
      close: () => sheets.close(),
    });
    sheets.open(members, panel.people);
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
    const { chat, words, language, blocked, composer, hearing, saying, sheets } = this.#page;
    if (chat?.state !== 'in') return;
    let opener = event.target.closest?.('.act') ?? null;
    const menu = Menu.for({
      room: chat,
      target,
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
      close: () => {
        sheets.close(opener !== null);
        hearing.takeBack((entry) => !entry.own && blocked.has(entry.user));
      },
    });
    if (!menu) return;
    event.preventDefault();
    sheets.open(menu, opener);
  }
}
