// Whom one does not want to hear, and whether strangers may whisper. The server keeps back direct
// messages; the page hides the rest. Remembered in this browser, for each name apart.

const MEMORY = 'chatroom.blocked';
const MOST = 500;

export class Blocked {
  /** @type {Map<string, string>} id: how he was called */
  #users = new Map();
  #me = '';
  #onBlock;
  shielded = false;

  /** @param {(user: string, nick: string) => void} onBlock */
  constructor(onBlock) {
    this.#onBlock = onBlock;
  }

  /** @param {string|undefined} me */
  load(me) {
    if (!me || me === this.#me) return;
    this.#me = me;
    try {
      const { users = [], shielded = false } = JSON.parse(localStorage.getItem(this.#key) ?? '{}');
      this.#users = new Map(users.filter(isPair).slice(0, MOST));
      this.shielded = shielded === true;
    } catch {
      this.#users.clear(); // storage may be forbidden, or hold somebody else's idea
    }
  }

  get list() {
    return [...this.#users];
  }

  has(user) {
    return this.#users.has(user);
  }

  /** Tells the server, then remembers. */
  async block(room, user, nick) {
    await room.command('block', { user });
    this.#users.set(user, nick || user);
    if (this.#users.size > MOST) this.#users.delete(this.#users.keys().next().value);
    this.#save();
    this.#onBlock(user, nick || user);
  }

  async unblock(room, user) {
    await room.command('unblock', { user });
    this.#users.delete(user);
    this.#save();
  }

  async shield(room, wanted) {
    await room.command(wanted ? 'shield' : 'unblock');
    this.shielded = wanted;
    this.#save();
  }

  /** Says once more what a server that was started anew has forgotten. */
  async remind(room) {
    if (this.shielded) await room.command('shield').catch(() => {});
  }

  get #key() {
    return `${MEMORY}.${this.#me}`;
  }

  #save() {
    try {
      const kept = JSON.stringify({ users: this.list, shielded: this.shielded });
      localStorage.setItem(this.#key, kept);
    } catch {
      // Then it holds for this visit.
    }
  }
}

const isPair = (pair) =>
  Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
