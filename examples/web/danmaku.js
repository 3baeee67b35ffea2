// The stage: messages fly from right to left in lanes, and nothing in a lane ever overlaps.
//
// A lane remembers its last bullet. The next may start once that one's tail is inside, and only if
// it will not catch up before that one is gone; both follow from widths and speeds, so there is no
// measuring while things move. The browser's compositor moves them (transforms only).
//
// Flood control: four queues (own, high, normal, low), each bounded, served in that order. What has
// waited too long is skipped, since a late bullet answers a scene that is over. One's own messages
// are never skipped. Repeats that wait become one bullet with a count. When the normal queue is
// full, the loudest sender loses first, so that one person cannot take the stage.

export const OWN = 0;
export const HIGH = 1;
export const NORMAL = 2;
export const LOW = 3;

const QUEUE_MAX = [32, 24, 48, 16];
const STALE_MS = [Infinity, 12_000, 3_000, 1_200];
const GAP_PX = 28; // between two bullets of a lane, at least
const GAP_SPREAD_PX = 110; // and up to this much more by chance, or lanes would march in columns
const FLYING_MAX = 64; // nodes in the air; own messages may take OWN_EXTRA more
const OWN_EXTRA = 8;
const TICK_MS = 70; // how often the lanes are looked at while something waits; each look costs a frame
const STILL_MS = 4_500; // how long a bullet stays where motion is not wanted
const LENGTH_FOR_FULL_SPEED = 40; // characters; longer ones fly up to a third faster

/** @typedef {{text: string, level: number, offset?: number, user?: string, count?: number,
 *   color?: string}} Bullet */

export class DanmakuStage {
  /** Counts since the beginning: what came, what flew, what was skipped, what was merged. */
  stats = { taken: 0, shown: 0, skipped: 0, merged: 0 };

  #air;
  #settings = { enabled: true, opacity: 1, area: 0.75, scale: 1, speed: 1 };
  #queues = [[], [], [], []];
  #lanes = []; // {last: {at, width, speed, gap} | null}
  #flying = new Map(); // node: {bullet, animation}
  #idle = []; // nodes to use again
  #width = 0;
  #height = 0;
  #laneHeight = 0;
  #frame = 0;
  #timer = 0;
  #tickedAt = 0;
  #still = globalThis.matchMedia?.('(prefers-reduced-motion: reduce)');
  #resize = new ResizeObserver(() => this.#layout());
  #onMotion = () => this.clear();

  /** @param {HTMLElement} air  an empty positioned box; all of it belongs to the stage */
  constructor(air) {
    this.#air = air;
    this.#resize.observe(air);
    this.#still?.addEventListener('change', this.#onMotion);
  }

  get settings() {
    return { ...this.#settings };
  }

  /** @param {Partial<{enabled: boolean, opacity: number, area: number, scale: number,
   *   speed: number}>} settings */
  configure(settings) {
    Object.assign(this.#settings, settings);
    this.#air.style.opacity = String(this.#settings.opacity);
    if (!this.#settings.enabled) this.clear();
    this.#layout();
  }

  /** @param {Bullet} bullet */
  push(bullet) {
    if (!this.#settings.enabled || this.#lanes.length === 0) return;
    if (document.hidden && bullet.level !== OWN) return; // nobody looks
    this.stats.taken += 1;
    const entry = { count: 1, ...bullet, queuedAt: performance.now() };
    const queue = this.#queues[entry.level];
    if (entry.level >= NORMAL && this.#merge(queue, entry)) return;
    if (queue.length >= QUEUE_MAX[entry.level]) this.#evict(queue);
    queue.push(entry);
    this.#wake(entry.level === OWN ? 0 : TICK_MS);
  }

  /** Takes back what a moderator removed. @param {(bullet: Bullet) => boolean} matches */
  remove(matches) {
    for (const [index, queue] of this.#queues.entries()) {
      this.#queues[index] = queue.filter((bullet) => !matches(bullet));
    }
    for (const [node, flight] of this.#flying) if (matches(flight.bullet)) this.#land(node);
  }

  /** An empty stage: nothing flies, nothing waits. */
  clear() {
    for (const queue of this.#queues) queue.length = 0;
    for (const node of [...this.#flying.keys()]) this.#land(node);
    for (const lane of this.#lanes) lane.last = null;
  }

  destroy() {
    this.clear();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#resize.disconnect();
    this.#still?.removeEventListener('change', this.#onMotion);
  }

  // Waiting

  #merge(queue, entry) {
    const twin = queue.find((waiting) => waiting.text === entry.text);
    if (!twin) return false;
    twin.count += entry.count;
    this.stats.merged += 1;
    return true;
  }

  /** The oldest of whoever has most waiting. */
  #evict(queue) {
    const waiting = new Map();
    let most = 1;
    for (const { user } of queue) {
      const count = (waiting.get(user) ?? 0) + 1;
      waiting.set(user, count);
      most = Math.max(most, count);
    }
    const victim = queue.findIndex(({ user }) => waiting.get(user) === most);
    queue.splice(Math.max(0, victim), 1);
    this.stats.skipped += 1;
  }

  #dropStale() {
    const now = performance.now();
    for (const [level, queue] of this.#queues.entries()) {
      let stale = 0;
      while (stale < queue.length && now - queue[stale].queuedAt > STALE_MS[level]) stale += 1;
      if (stale > 0) queue.splice(0, stale);
      this.stats.skipped += stale;
    }
  }

  // Flying

  /** Looks at the lanes soon, but not again before `pauseMs` have passed since the last time: what
   * flies needs no frames of ours. */
  #wake(pauseMs) {
    const rest = this.#tickedAt + pauseMs - performance.now();
    if (rest <= 0) {
      clearTimeout(this.#timer);
      this.#timer = 0;
      this.#frame ||= requestAnimationFrame(() => this.#tick());
    } else if (!this.#frame && !this.#timer) {
      this.#timer = setTimeout(() => this.#wake(0), rest);
    }
  }

  #tick() {
    this.#frame = 0;
    this.#tickedAt = performance.now();
    this.#dropStale();
    this.#start(document.timeline.currentTime ?? performance.now());
    if (this.#queues.some((queue) => queue.length > 0)) this.#wake(TICK_MS);
  }

  /** Picks first, then measures all in one layout, then lets go. */
  #start(now) {
    const starting = [];
    for (const [level, queue] of this.#queues.entries()) {
      const seats = FLYING_MAX + (level === OWN ? OWN_EXTRA : 0);
      while (queue.length > 0 && this.#flying.size + starting.length < seats) {
        const speed = this.#speedOf(queue[0]);
        const lane = this.#lanes.find((candidate) => this.#isFree(candidate, speed, now));
        if (!lane) break;
        const bullet = queue.shift();
        // Taken; the width is known in a moment.
        lane.last = { at: now, width: Infinity, speed, gap: GAP_PX };
        starting.push({ bullet, lane, speed, node: this.#dress(bullet) });
      }
    }
    const widths = starting.map(({ node }) => Math.ceil(node.getBoundingClientRect().width));
    starting.forEach((start, index) => this.#launch(start, widths[index], now));
  }

  #isFree({ last }, speed, now) {
    if (!last) return true;
    if (this.#still?.matches) return now >= last.at + STILL_MS;
    const tail = (now - last.at) * last.speed - last.width; // how far inside its end is
    if (!(tail >= last.gap)) return false;
    if (speed <= last.speed) return true;
    const goneIn = last.at + (this.#width + last.width) / last.speed - now;
    return goneIn * speed <= this.#width - GAP_PX;
  }

  #speedOf({ text, level }) {
    const base = Math.min(0.19, Math.max(0.075, this.#width / 8_000)) * this.#settings.speed;
    if (level <= HIGH) return base;
    return (
      base * (1 + (Math.min(text.length, LENGTH_FOR_FULL_SPEED) / LENGTH_FOR_FULL_SPEED) * 0.33)
    );
  }

  #dress(bullet) {
    const node = this.#idle.pop() ?? this.#newNode();
    node.firstChild.data = bullet.text;
    node.className = `bullet ${['own', 'high', 'normal', 'low'][bullet.level]}`;
    node.style.color = bullet.color ?? '';
    if (bullet.count > 1) node.dataset.count = `×${bullet.count}`;
    else delete node.dataset.count;
    node.hidden = false;
    return node;
  }

  #newNode() {
    const node = document.createElement('div');
    node.append(document.createTextNode(''));
    node.dir = 'auto';
    this.#air.append(node);
    return node;
  }

  #launch({ bullet, lane, speed, node }, width, now) {
    const index = this.#lanes.indexOf(lane);
    const y = index * this.#laneHeight;
    const flight = (this.#width + width) / speed;
    node.dataset.lane = String(index);
    const still = this.#still?.matches;
    const middle = `translate3d(${Math.max(0, (this.#width - width) / 2)}px,${y}px,0)`;
    const frames = still
      ? { transform: [middle, middle] }
      : {
          transform: [
            `translate3d(${this.#width}px,${y}px,0)`,
            `translate3d(${-width}px,${y}px,0)`,
          ],
        };
    const animation = node.animate(frames, { duration: still ? STILL_MS : flight, fill: 'both' });
    animation.startTime = now; // one clock for all, or lanes would drift apart
    animation.onfinish = () => this.#land(node);
    lane.last = { at: now, width, speed, gap: GAP_PX + Math.random() ** 2 * GAP_SPREAD_PX };
    this.#flying.set(node, { bullet, animation });
    this.stats.shown += 1;
  }

  #land(node) {
    const flight = this.#flying.get(node);
    if (!flight) return;
    this.#flying.delete(node);
    flight.animation.onfinish = null;
    flight.animation.cancel();
    node.hidden = true;
    node.firstChild.data = '';
    this.#idle.push(node);
  }

  // Lanes

  #layout() {
    const { clientWidth, clientHeight } = this.#air;
    const base = clientWidth < 520 ? 16 : clientWidth < 900 ? 19 : 22;
    const font = Math.round(base * this.#settings.scale);
    const laneHeight = Math.round(font * 1.6);
    if (clientWidth !== this.#width || laneHeight !== this.#laneHeight) this.clear();
    this.#width = clientWidth;
    this.#height = clientHeight;
    this.#laneHeight = laneHeight;
    this.#air.style.setProperty('--bullet-font', `${font}px`);
    this.#air.style.setProperty('--bullet-height', `${laneHeight}px`);
    const fits = Math.floor((this.#height * this.#settings.area) / laneHeight);
    const wanted = clientWidth > 0 && clientHeight > 0 ? Math.max(1, fits) : 0;
    while (this.#lanes.length < wanted) this.#lanes.push({ last: null });
    this.#lanes.length = wanted;
  }
}
