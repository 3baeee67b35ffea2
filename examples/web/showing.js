// Brings header, stage and send box in line with what the room and the connection are.

import { Members } from './members.js';
import { setText } from './dom.js';

export class Showing {
  #page;

  constructor(page) {
    this.#page = page;
  }

  /** @param {import('./room.js').Room} chat */
  listen(chat) {
    const page = this.#page;
    const on = (types, hear) => {
      for (const type of types)
        chat.addEventListener(type, (e) => chat === page.chat && hear(e.detail));
    };
    on(['joined'], () => this.#joined());
    on(['presence'], () => this.#people());
    on(['room_state', 'channels'], () => this.#room());
    on(['refused', 'queue', 'called', 'moderation', 'held'], () => this.state());
    on(['left'], (detail) => {
      page.left = detail;
      this.state();
    });
  }

  /** Connection, membership, and what hangs on them. */
  state() {
    const page = this.#page;
    const { client, chat, status, composer, desk } = page;
    if (!client || !chat) return;
    status.show(client, chat, page.left, page.rejoin);
    const { shown } = status;
    if (shown === 'waiting') page.wasAway = true;
    const shut = shown === 'closed' || shown === 'refused';
    composer.mode = shown === 'live' ? 'open' : shut ? 'shut' : 'away';
    desk.show(chat, shown === 'live');
    this.#people();
    this.me();
    page.tell('chat-state', { state: shown });
  }

  /** Who one is, and where one writes. */
  me() {
    const { chat, client, composer, conversation, nick = '', words } = this.#page;
    const channel = conversation.target;
    composer.textMax = client.limits.text_bytes ?? 2_048;
    composer.setMe({ nick, role: words.roles[chat.channels.roleIn(channel)] });
    composer.setTarget(channel);
  }

  /** Another tab is looked at. */
  view() {
    const { panel, conversation, hearing } = this.#page;
    panel.log.classList.toggle('all', conversation.active === '');
    this.me();
    hearing.looked();
  }

  /** So much is new below what is read. */
  news(count) {
    const { panel, words, hearing } = this.#page;
    panel.newer.hidden = count === 0;
    if (count > 0) setText(panel.news, words.newMessages(count));
    else if (this.#page.chat) hearing.looked();
  }

  #joined() {
    const page = this.#page;
    page.left = null;
    page.wasAway = false;
    page.blocked.load(page.client.user);
    page.blocked.remind(page.chat);
    this.#room();
    this.state();
  }

  #room() {
    const { chat, panel, words, pinned, status, composer } = this.#page;
    const { slow_mode_s: slow = 0 } = chat.info.policy ?? {};
    panel.slow.hidden = slow === 0;
    setText(panel.slow, words.slowMode(slow));
    if (slow === 0 && composer.slowed) composer.warm();
    pinned.show(chat);
    status.showRoom(chat);
    this.#page.desk.show(chat, status.shown === 'live');
    this.#people();
    this.me();
  }

  #people() {
    const { chat, theatre, status, sheets } = this.#page;
    const topic = chat.info.attributes?.topic;
    theatre.setTitle(chat.name, typeof topic === 'string' ? topic : '');
    theatre.setOnline(chat.online, status.shown === 'live');
    sheets.is(Members)?.refresh();
  }
}
