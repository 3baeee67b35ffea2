// One room as one member sees it: joined again after every reconnect, with its place in the
// conversation kept, so that what was missed is read and nothing is shown twice.
//
// A place is `{epoch, offset}`. Offsets rise and may have holes; only a `gap` means loss. Whatever
// arrives while missed pages are still being read is held back, so listeners see one order.

import { ChatError, ChatEvent } from './words.js';

/**
 * A message as it stands on the wire; every field but these is optional.
 * @typedef {{room: string, channel?: string, offset?: number, user?: string, nick?: string,
 *   role?: string, info?: object, kind?: string, text?: string, data?: any, time: number,
 *   count?: number, first?: number, priority?: string, mentions?: string[]}} Message
 */

const HELD_MAX = 1_000; // messages that wait for the missed pages; past that, the oldest are a gap
const OUTBOX_MAX = 16; // publishes that wait for the room; past that, queue_full
const OUTBOX_MS = 60_000; // how long a publish may wait and be tried again
const PAGE = 100;

/** Reasons for leaving after which the member did nothing wrong and may simply come back. */
const COME_BACK = new Set(['slow_consumer', 'moved', 'dropped', 'timed_out', 'shutdown']);

/**
 * Events (all carry `detail`): `joined` {answer, again, recovered}; `message` {message, own,
 * replayed}; `gap` {reason, count, from, to}; `presence`; `room_state` {changed, state};
 * `moderation`; `message_removed`; `messages_cleared`; `left` {reason, by, text, until};
 * `refused` {error}; `reset`. The rest of a room's events come by their own names.
 */
export class Room extends EventTarget {
  name;
  /** out, joining, in, or refused (the last join was; enter() tries again). */
  state = 'out';
  online = 0;
  role = 'member';
  /** What the room is: {policy, attributes, pinned, channels, …}. */
  info = {};
  /** The newest that was delivered here. @type {{epoch: string, offset: number}|null} */
  position = null;
  /** What waits for a moderator, by its number, as far as this session was told. */
  held = new Map();
  /** @type {ChatError|null} */
  error = null;
  /** Where we stand in the room's lines; 0: we do not. */
  places = { room: 0, speak: 0 };
  /** How many do, as members are told. */
  waiting = { room: 0, speak: 0 };
  /** Whom one does not want to hear: the server keeps their direct messages, the page hides the rest. */
  blocked = new Set();
  /** The line in front of the room is as long as it may be. */
  lineRefused = false;

  #client;
  #options;
  #held = null; // messages that wait for pages, while pages are read
  #outbox = 0;
  #waiters = new Set(); // publishes that wait for the room
  #gone = false; // left for good
  #visit = 0; // counts joins, so that a late answer of an earlier one is known as such
  #retries = 0;
  #retryTimer = 0;

  /** Made by ChatClient.room(). */
  constructor(client, name, options) {
    super();
    this.#client = client;
    this.name = name;
    this.#options = { channels: ['main'], recent: 0, ...options };
  }

  /** Of a room that asks for one: said when it is entered. */
  set password(word) {
    this.#options.password = word || undefined;
  }

  get channels() {
    return this.#options.channels;
  }

  /** Says something. Waits for the room if it has to, and survives a reconnect: the key sees to it
   * that it is said once.
   * @param {string} text
   * @param {{channel?: string, kind?: string, data?: any, priority?: string, key?: string,
   *   replyTo?: number, mentions?: string[]}} [options]
   * @returns {Promise<{epoch: string, offset: number}>}
   */
  async publish(text, { replyTo, key = newKey(), ...rest } = {}) {
    if (this.#outbox >= OUTBOX_MAX) throw new ChatError('queue_full', { temporary: true });
    const until = performance.now() + OUTBOX_MS;
    this.#outbox += 1;
    try {
      for (;;) {
        if (this.#gone) throw new ChatError('not_member');
        if (this.state === 'refused' && !this.error.temporary) throw this.error;
        if (this.state !== 'in') await this.#entered(until - performance.now());
        try {
          return await this.#ask('publish', { text, key, reply_to: replyTo, ...rest });
        } catch (error) {
          if (error.code !== 'disconnected' || performance.now() >= until) throw error;
        }
      }
    } finally {
      this.#outbox -= 1;
    }
  }

  /** Leaves for good. */
  async leave() {
    const inside = this.state === 'in';
    this.interrupt();
    this.#end();
    if (inside) await this.#ask('leave').catch(() => {});
    this.#emit('left', { reason: 'left' });
  }

  subscribe(channel) {
    if (!this.channels.includes(channel)) this.#options.channels = [...this.channels, channel];
    return this.#ask('subscribe', { channel });
  }

  unsubscribe(channel) {
    this.#options.channels = this.channels.filter((name) => name !== channel);
    return this.#ask('unsubscribe', { channel });
  }

  /** A page of old messages, oldest first; `before` and `after` are offsets.
   * @param {{channel?: string, before?: number, after?: number, limit?: number}} [options]
   * `offset` is there if nothing was found yet, but there is more: ask on from it.
   * @returns {Promise<{epoch: string, messages: Message[], more: boolean, offset?: number}>} */
  async history(options = {}) {
    const { messages = [], more = false, epoch, offset } = await this.#ask('history', options);
    return { epoch, messages, more, offset };
  }

  /** Who is here; `sinceVersion` may answer `unchanged`, `cursor` goes on from `next`. */
  presence({ limit = 50, cursor, sinceVersion } = {}) {
    return this.#ask('presence', { limit, cursor, since_version: sinceVersion });
  }

  /** A command of the host's own, answered by the host. */
  async call(name, data) {
    return (await this.#ask('call', { name, data })).data;
  }

  /** Any further op of the protocol: mute, recall, set_policy, … */
  command(op, fields = {}) {
    return this.#ask(op, fields);
  }

  /** Stands in line: `room`, while it is full, to be let in; `speak`, to be let speak.
   * @param {'room'|'speak'} line */
  async lineUp(line) {
    clearTimeout(this.#retryTimer);
    try {
      await this.#ask('enqueue', { line });
      this.lineRefused = false;
    } catch (error) {
      if (line === 'room' && error.code === 'queue_full') this.lineRefused = true;
      if (error.code !== 'disconnected') this.#emit('queue', { line, error });
    }
  }

  goOut(line) {
    return this.#ask('dequeue', { line }).catch(() => {});
  }

  // Coming in. Called by the client at every sign-in, and to try again after a refusal.

  enter() {
    this.interrupt();
    const visit = ++this.#visit;
    this.state = 'joining';
    const since = this.position ?? undefined;
    const { channels, password, recent } = this.#options;
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
    this.#held = null;
    if (this.state !== 'refused') this.state = 'out';
  }

  async #arrive(answer, since, visit) {
    this.state = 'in';
    this.error = null;
    this.#retries = 0;
    this.places = { room: 0, speak: 0 };
    this.lineRefused = false;
    this.online = answer.online ?? 0;
    this.role = answer.role ?? 'member';
    this.info = answer.state ?? {};
    const recovered = Boolean(since && answer.recovered);
    this.#held = [];
    this.#settle();
    this.#emit('joined', { answer, again: Boolean(since), recovered });
    this.#askHeld();
    try {
      await this.#catchUp(answer, since, recovered, visit);
    } catch (error) {
      // The connection went: the next join asks again from where we are. Else the pages are lost.
      if (visit !== this.#visit || error.code === 'disconnected') return;
      this.#emit('gap', {
        reason: 'history_lost',
        from: this.position.offset + 1,
        to: answer.offset,
      });
    }
    if (visit !== this.#visit) return;
    this.#moveTo(answer.epoch, answer.offset);
    const held = this.#held ?? [];
    this.#held = null;
    for (const message of held) this.#deliver(message, false);
  }

  async #catchUp(answer, since, recovered, visit) {
    let messages = answer.messages ?? [];
    if (!since) {
      this.position = { epoch: answer.epoch, offset: 0 };
    } else if (!recovered) {
      const same = since.epoch === answer.epoch;
      this.position = {
        epoch: answer.epoch,
        offset: same ? Math.min(since.offset, answer.offset) : 0,
      };
      this.#emit('gap', {
        reason: 'history_lost',
        from: same ? since.offset + 1 : 0,
        to: answer.offset,
      });
      if (this.#options.recent > 0) {
        messages = (await this.history({ limit: Math.min(PAGE, this.#options.recent) })).messages;
      }
    } else if (answer.more) {
      const last = messages.length > 0 ? messages[messages.length - 1].offset : since.offset;
      messages = messages.concat(await this.#missedPages(last, answer.offset));
    }
    if (visit !== this.#visit) return;
    for (const message of messages) this.#deliver(message, true);
  }

  async #missedPages(after, head) {
    const found = [];
    for (const channel of this.channels) {
      let from = after;
      for (let more = true; more && from < head;) {
        const page = await this.history({ channel, after: from, limit: PAGE });
        found.push(...page.messages.filter((message) => message.offset <= head));
        const on = page.messages.at(-1)?.offset ?? page.offset ?? 0;
        more = page.more && on > from;
        if (more) from = on;
      }
    }
    return found.sort((a, b) => a.offset - b.offset);
  }

  #refused(error) {
    if (error.code === 'disconnected') return; // the client comes back and enters again
    if (error.code === 'position_lost' && this.position) {
      this.#emit('gap', { reason: 'history_lost', from: this.position.offset + 1 });
      this.position = null;
      return void this.enter();
    }
    // Whoever stood in line when the connection went stands at its end again.
    const stood = error.code === 'room_full' && this.places.room > 0;
    this.places = { room: 0, speak: 0 };
    this.state = 'refused';
    this.error = error;
    this.#emit('refused', { error });
    if (stood) return void this.lineUp('room');
    if (error.temporary) this.#enterLater(error.retryAfterMs);
    else this.#settle(error);
  }

  #enterLater(atLeastMs = 0) {
    const backoff = Math.min(30_000, 1_000 * 2 ** Math.min(this.#retries++, 5));
    const delay =
      atLeastMs > 0 ? atLeastMs * (1 + Math.random() * 0.1) : backoff * (0.5 + Math.random() / 2);
    this.#retryTimer = setTimeout(() => this.enter(), delay);
  }

  // What happens inside. Called by the client with every event of this room.

  /** @internal */
  take(event) {
    switch (event.event) {
      case 'message':
        if (this.#held) this.#hold(event);
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
        if (event.state) this.info = event.state;
        break;
      case 'queue':
        if (event.waiting === undefined) this.places[event.line] = event.position ?? 0;
        else this.waiting[event.line] = event.waiting;
        break;
      case 'called':
        this.places[event.line] = 0;
        if (event.line === 'room' && this.state !== 'in') this.enter();
        break;
      case 'moderation':
        if (event.action === 'set_role' && event.user === this.#client.user) {
          this.role = event.role;
          this.#askHeld();
        }
        break;
      case 'held':
        if (event.action === 'hold') this.held.set(event.held, event.message);
        else this.held.delete(event.held);
        break;
      case 'left':
        return this.#left(event);
    }
    this.#emit(event.event, event);
  }

  // What waited before we came; it comes as `held` events.
  #askHeld(after = 0) {
    this.held.clear();
    if (!['moderator', 'admin', 'owner'].includes(this.role)) return;
    const next = (held) =>
      this.command('list_held', { held })
        .then(({ more }) => more && next(Math.max(...this.held.keys())))
        .catch(() => {}); // it is gone, or an older server
    next(after);
  }

  #hold(message) {
    this.#held.push(message);
    if (this.#held.length <= HELD_MAX) return;
    const lost = this.#held.shift();
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

  /** Policy and attributes change by field; null takes an attribute away. */
  #change(changed) {
    const merged = { ...this.info, ...changed };
    if (changed.rung && changed.kept === undefined) delete merged.kept; // all of it, again
    for (const part of ['policy', 'attributes']) {
      if (changed[part]) merged[part] = { ...this.info[part], ...changed[part] };
    }
    this.info = merged;
  }

  #end() {
    this.#gone = true;
    this.#client.forget(this);
    this.#settle(new ChatError('not_member'));
  }

  #left(event) {
    this.interrupt();
    const back = COME_BACK.has(event.reason);
    if (back) this.#enterLater();
    else this.#end();
    this.#emit('left', { ...event, back });
  }

  // Small parts

  #ask(op, fields = {}) {
    return this.#client.request(op, { room: this.name, ...fields });
  }

  /** Until the room is entered, or will not be. */
  #entered(patienceMs) {
    return new Promise((resolve, reject) => {
      const done = (error) => {
        clearTimeout(timer);
        this.#waiters.delete(done);
        if (error) reject(error);
        else resolve();
      };
      const late = () => done(new ChatError('disconnected', { temporary: true }));
      const timer = setTimeout(late, Math.max(0, patienceMs));
      this.#waiters.add(done);
    });
  }

  #settle(error) {
    for (const done of [...this.#waiters]) done(error);
  }

  #emit(type, detail) {
    this.dispatchEvent(new ChatEvent(type, detail));
  }
}

/** An idempotency key. It need only differ from this user's others of five minutes. */
function newKey() {
  const chance = () => Math.random().toString(36).slice(2);
  return `${Date.now().toString(36)}.${chance()}${chance()}`.slice(0, 48);
}
