// What one may ask of a room, each a command and its answer; the room's own life is in room.js.

/**
 * A message as it stands on the wire; every field but these is optional.
 * @typedef {{room: string, channel?: string, offset?: number, user?: string, nick?: string,
 *   role?: string, info?: object, kind?: string, text?: string, data?: any, time: number,
 *   count?: number, first?: number, priority?: string, reply_to?: number,
 *   mentions?: string[]}} Message
 */

export class RoomCommands extends EventTarget {
  name;
  /** Up to where one said to have read. @type {number|undefined} */
  read;

  #client;

  constructor(client, name) {
    super();
    this.#client = client;
    this.name = name;
  }

  /** Says up to where one has read; the others are told, where the room asks for it. */
  async ack(offset) {
    const answer = await this.command('ack', { offset });
    this.read = answer.read ?? offset;
    return answer;
  }

  /** A page of old messages, oldest first; `before` and `after` are offsets.
   * @param {{channel?: string, before?: number, after?: number, limit?: number}} [options]
   * `offset` is there if nothing was found yet, but there is more: ask on from it.
   * @returns {Promise<{epoch: string, messages: Message[], more: boolean, offset?: number}>} */
  async history(options = {}) {
    const { messages = [], more = false, epoch, offset } = await this.command('history', options);
    return { epoch, messages, more, offset };
  }

  /** Who is here; `sinceVersion` may answer `unchanged`, `cursor` goes on from `next`. */
  presence({ limit = 50, cursor, sinceVersion } = {}) {
    return this.command('presence', { limit, cursor, since_version: sinceVersion });
  }

  /** A command of the host's own, answered by the host. */
  async call(name, data) {
    return (await this.command('call', { name, data })).data;
  }

  /** Any further op of the protocol: mute, recall, set_policy, … */
  command(op, fields = {}) {
    return this.#client.request(op, { room: this.name, ...fields });
  }
}

/** Policy and attributes change by field; null takes an attribute away. */
export function mergeState(info, changed) {
  const merged = { ...info, ...changed };
  if (changed.rung && changed.kept === undefined) delete merged.kept; // all of it, again
  for (const part of ['policy', 'attributes']) {
    if (changed[part]) merged[part] = { ...info[part], ...changed[part] };
  }
  return merged;
}
