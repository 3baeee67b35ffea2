// One room as one member sees it: joined again after every reconnect, with its place in the
// conversation kept, so that what was missed is read and nothing is shown twice.
//
// A place is `{epoch, offset}`. Offsets rise and may have holes; only a `gap` means loss. Whatever
// arrives while missed pages are still being read is held back, so listeners see one order.

import { delayOf } from './address.js';
import { missedMessages, startOf } from './catch-up.js';
import { Channels } from './channels.js';
import { Held } from './held.js';
import { Outbox } from './outbox.js';
import { Places } from './places.js';
import { RoomCommands, mergeState } from './room-commands.js';
import { ChatError, ChatEvent } from './words.js';

const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };
const EARLY_MAX = 1_000; // messages that wait for the missed pages; past that, the oldest are a gap

/** Reasons for leaving after which the member did nothing wrong and may simply come back. */
const COME_BACK = new Set(['slow_consumer', 'moved', 'dropped', 'timed_out', 'shutdown']);

/**
 * Events (all carry `detail`): `joined` {answer, again, recovered}; `message` {message, own,
 * replayed}; `gap` {reason, count, from, to}; `presence`; `room_state` {changed, state};
 * `moderation`; `channels` {lost}; `message_removed`; `messages_cleared`; `left` {reason, by,
 * text, until}; `refused` {error}; `reset`. The rest of a room's events come by their own names.
 */
export class Room extends RoomCommands {
  /** out, joining, in, or refused (the last join was; enter() tries again). */
  state = 'out';
  online = 0;
  role = 'member';
  /** What the room is: {policy, attributes, pinned, channels, …}. */
  info = {};
  /** The newest that was delivered here. @type {{epoch: string, offset: number}|null} */
  position = null;
  /** @type {ChatError|null} */
  error = null;
  channels;
  /** Where we stand in its lines. */
  places = new Places(this);
  /** What waits for a moderator. */
  held = new Held(this);
  /** When the room is entered again by itself, by performance.now(). */
  retryAt;

  #client;
  #options;
  #early = null; // messages that wait for pages, while pages are read
  #outbox;
  #gone = false; // left for good
  #visit = 0; // counts joins, so that a late answer of an earlier one is known as such
  #retries = 0;
  #retryTimer = 0;

  /** Made by ChatClient.room(). */
  constructor(client, name, options) {
    super(client, name);
    this.#client = client;
    this.#options = { recent: 0, ...options };
    this.channels = new Channels(this, options.channels ?? ['main']);
    this.#outbox = new Outbox({
      open: () => this.state === 'in',
      shut: () => (this.#gone ? new ChatError('not_member') : this.#finalError),
      send: (fields) => this.command('publish', fields),
    });
  }

  /** Of a room that asks for one: said when it is entered. */
  set password(word) {
    this.#options.password = word || undefined;
  }

  /** Says something. Waits for the room if it has to, and survives a reconnect: the key sees to it
   * that it is said once.
   * @param {string} text
   * @param {{channel?: string, kind?: string, data?: any, priority?: string, key?: string,
   *   replyTo?: number, mentions?: string[]}} [options]
   * @returns {Promise<{epoch: string, offset: number}>}
   */
  publish(text, { replyTo, ...rest } = {}) {
    return this.#outbox.publish({ text, reply_to: replyTo, ...rest });
  }

  get #finalError() {
    return this.state === 'refused' && !this.error.temporary ? this.error : null;
  }

  /** Leaves for good. */
  async leave() {
    const inside = this.state === 'in';
    this.interrupt();
    this.#end();
    if (inside) await this.command('leave').catch(() => {});
    this.#emit('left', { reason: 'left' });
  }

  /** Stands in line: `room`, while it is full, to be let in; `speak`, to be let speak.
   * @param {'room'|'speak'} line */
  async lineUp(line) {
    clearTimeout(this.#retryTimer);
    const error = await this.places.lineUp(line);
    if (error) this.#emit('queue', { line, error });
  }

  // Coming in. Called by the client at every sign-in, and to try again after a refusal.

  enter() {
    this.interrupt();
    const visit = ++this.#visit;
    this.state = 'joining';
    const since = this.position ?? undefined;
    const { password, recent } = this.#options;
    const channels = this.channels.joined;
    // Not a promise: an event that follows the answer must find us inside.
    this.#client.ask(
      'join',
      { room: this.name, channels, password, since, recent: since ? 0 : recent },
      (answer) => visit === this.#visit && this.#arrive(answer, since, visit),
      (error) => visit === this.#visit && this.#refused(error),
    );
  }

  /** @internal the connection is gone: what was begun will not be finished */
  interrupt() {
    clearTimeout(this.#retryTimer);
    this.#visit += 1;
    this.#early = null;
    if (this.state !== 'refused') this.state = 'out';
  }

  async #arrive(answer, since, visit) {
    this.state = 'in';
    this.error = null;
    this.#retries = 0;
    this.places.clear();
    this.online = answer.online ?? 0;
    this.role = answer.role ?? 'member';
    this.info = answer.state ?? {};
    this.read = answer.read;
    this.retryAt = undefined;
    const lost = this.channels.take(this.info.channels ?? [], true);
    const recovered = Boolean(since && answer.recovered);
    this.#early = [];
    this.#outbox.settle();
    this.#emit('joined', { answer, again: Boolean(since), recovered });
    this.#onChannels(lost);
    this.held.ask();
    const { position, gap } = startOf(answer, since, recovered);
    this.position = position;
    if (gap) this.#emit('gap', gap);
    const options = { channels: this.channels.joined, recent: this.#options.recent };
    const history = (page) => this.history(page);
    try {
      const missed = await missedMessages(history, answer, since, recovered, options);
      if (visit !== this.#visit) return;
      for (const message of missed) this.#deliver(message, true);
    } catch (error) {
      // The connection went: the next join asks again from where we are. Else the pages are lost.
      if (visit !== this.#visit || error.code === 'disconnected') return;
      const from = this.position.offset + 1;
      this.#emit('gap', { reason: 'history_lost', from, to: answer.offset });
    }
    if (visit !== this.#visit) return;
    this.#moveTo(answer.epoch, answer.offset);
    const early = this.#early ?? [];
    this.#early = null;
    for (const message of early) this.#deliver(message, false);
  }

  #refused(error) {
    if (error.code === 'disconnected') return; // the client comes back and enters again
    if (error.code === 'position_lost' && this.position) {
      this.#emit('gap', { reason: 'history_lost', from: this.position.offset + 1 });
      this.position = null;
      return void this.enter();
    }
    if (this.channels.retreat(error)) return void this.enter();
    // Whoever stood in line when the connection went stands at its end again.
    const stood = error.code === 'room_full' && this.places.room > 0;
    this.places.clear();
    this.state = 'refused';
    this.error = error;
    this.#emit('refused', { error });
    if (stood) return void this.lineUp('room');
    if (error.temporary) this.#enterLater(error.retryAfterMs);
    else this.#outbox.settle(error);
  }

  #enterLater(atLeastMs = 0) {
    const delay = delayOf(this.#retries++, BACKOFF, atLeastMs);
    this.retryAt = performance.now() + delay;
    this.#retryTimer = setTimeout(() => this.enter(), delay);
  }

  // What happens inside. Called by the client with every event of this room.

  /** @internal */
  take(event) {
    switch (event.event) {
      case 'message':
        if (this.#early) this.#wait(event);
        else this.#deliver(event, false);
        return;
      case 'presence':
        this.online = event.online ?? this.online;
        break;
      case 'room_state':
        this.#change(event.changed ?? {});
        return this.#emit('room_state', { changed: event.changed ?? {}, state: this.info });
      case 'gap':
        if (this.position && event.to > this.position.offset) this.position.offset = event.to;
        break;
      case 'reset':
        this.position = { epoch: event.epoch, offset: event.offset ?? 0 };
        if (event.state) this.info = {};
        this.#change(event.state ?? {});
        break;
      case 'queue':
        this.places.take(event);
        break;
      case 'called':
        this.places.take(event);
        if (event.line === 'room' && this.state !== 'in') this.enter();
        break;
      case 'moderation':
        if (event.action === 'set_role' && event.user === this.#client.user) this.#nowRole(event);
        break;
      case 'held':
        this.held.take(event);
        break;
      case 'left':
        return this.#left(event);
    }
    this.#emit(event.event, event);
  }

  #nowRole({ channel, role }) {
    if (!channel) {
      this.role = role;
      this.held.ask();
    }
    this.#onChannels(this.channels.takeRole(channel, role));
  }

  /** Some may be there again that one was on before. */
  #onChannels(lost) {
    this.#emit('channels', { lost });
    for (const name of this.channels.missing) {
      const back = () => this.#emit('channels', { lost: [] });
      this.channels.subscribe(name).then(back, () => {});
    }
  }

  #wait(message) {
    this.#early.push(message);
    if (this.#early.length <= EARLY_MAX) return;
    const lost = this.#early.shift();
    this.#emit('gap', { reason: 'budget', count: 1, from: lost.offset, to: lost.offset });
  }

  #deliver(message, replayed) {
    const { offset } = message;
    if (offset > 0) {
      if (offset <= this.position.offset) return; // seen before
      this.position.offset = offset;
    }
    const own = message.user !== undefined && message.user === this.#client.user;
    this.#emit('message', { message, own, replayed });
  }

  #moveTo(epoch, offset = 0) {
    this.position = { epoch, offset: Math.max(offset, this.position?.offset ?? 0) };
  }

  #change(changed) {
    this.info = mergeState(this.info, changed);
    if (changed.channels) this.#onChannels(this.channels.take(changed.channels));
  }

  #end() {
    this.#gone = true;
    this.#client.forget(this);
    this.#outbox.settle(new ChatError('not_member'));
  }

  #left(event) {
    this.interrupt();
    const back = COME_BACK.has(event.reason);
    if (back) this.#enterLater();
    else this.#end();
    this.#emit('left', { ...event, back });
  }

  // Small parts

  #emit(type, detail) {
    this.dispatchEvent(new ChatEvent(type, detail));
  }
}
