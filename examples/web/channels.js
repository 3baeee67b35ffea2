// The channels of a room as one member knows them: which there are, on which he is, which he may
// read, and what he is in each. Being on several is one timeline.

import { ChatError } from './words.js';

export const RANKS = ['visitor', 'member', 'speaker', 'moderator', 'admin', 'owner'];
export const rankOf = (role) => RANKS.indexOf(role ?? 'member');

/** @typedef {{name: string, state: string, creator?: string, access?: string,
 *   role?: string}} Channel  `role`: one's own in it */

/** Refusals of a join that may be about one of its channels. */
const ABOUT_CHANNELS = new Set(['forbidden', 'not_found', 'limit_reached']);

export class Channels {
  /** Those the session is on. @type {string[]} */
  joined;

  #room;
  #wanted; // also what was refused or does not exist just now
  /** @type {Channel[]} */
  #known = [];

  /** @param {{role: string, command: (op: string, fields: object) => Promise<any>}} room
   *  @param {string[]} names */
  constructor(room, names) {
    this.#room = room;
    this.joined = [...names];
    this.#wanted = new Set(names);
  }

  /** All that the room told of. */
  get all() {
    return this.#known;
  }

  get(name) {
    return this.#known.find((channel) => channel.name === name);
  }

  isOn(name) {
    return this.joined.includes(name);
  }

  /** What one is in it: the higher of the role there and that in the room. */
  roleIn(name) {
    const { role } = this.get(name) ?? {};
    return role && rankOf(role) > rankOf(this.#room.role) ? role : this.#room.role;
  }

  /** By what is known; the server decides. */
  mayRead(name) {
    const { access, role } = this.get(name) ?? {};
    if (!access || access === 'visitor') return true;
    return rankOf(role ?? 'visitor') > 0 || rankOf(this.#room.role) >= rankOf(access);
  }

  async subscribe(name) {
    const answer = await this.#room.command('subscribe', { channel: name });
    this.#enter(name);
    return answer;
  }

  async unsubscribe(name) {
    await this.#room.command('unsubscribe', { channel: name });
    this.#leave(name);
  }

  /** Leaves one and enters another in one operation. */
  async switchTo(from, to) {
    const answer = await this.#room.command('switch', { from, to });
    this.#leave(from);
    this.#enter(to);
    return answer;
  }

  /** The room told its channels, all of them; only a join tells one's own roles.
   * @returns {string[]} those one is off now */
  take(list, own = false) {
    const before = new Map(this.#known.map((channel) => [channel.name, channel.role]));
    this.#known = list.map((channel) =>
      own ? channel : { ...channel, role: channel.role ?? before.get(channel.name) },
    );
    return this.#review();
  }

  /** One's role in a channel has changed, or with no channel: that in the room. */
  takeRole(name, role) {
    const channel = this.get(name);
    if (channel) channel.role = role;
    return this.#review();
  }

  /** A join was refused: whether it is worth trying with main alone. */
  retreat({ code, rule }) {
    if (this.joined.length <= 1) return false;
    if (rule !== 'channel_private' && !ABOUT_CHANNELS.has(code)) return false;
    this.joined = ['main'];
    return true;
  }

  /** What was wanted, is not there, and could be. */
  get missing() {
    const could = (name) => !this.isOn(name) && this.get(name) && this.mayRead(name);
    return [...this.#wanted].filter(could);
  }

  #review() {
    const lost = this.joined.filter((name) => name !== 'main' && !this.mayRead(name));
    this.joined = this.joined.filter((name) => !lost.includes(name));
    return lost;
  }

  #enter(name) {
    if (!this.isOn(name)) this.joined = [...this.joined, name];
    this.#wanted.add(name);
  }

  #leave(name) {
    this.joined = this.joined.filter((other) => other !== name);
    this.#wanted.delete(name);
  }
}

/** Whether an error says that a channel is for others. */
export const isPrivate = (error) =>
  error instanceof ChatError && error.code === 'forbidden' && error.rule === 'channel_private';
