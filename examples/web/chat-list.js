// The chat list: as many messages as one likes, at most ROWS_MAX rows in the document.
//
// It keeps the last KEEP entries and shows a window of them. At the bottom it follows; scrolled up
// it stands still, counts what is new, and moves its window while one reads, asking for older
// messages at the top. Rows are used again, text goes in as text.

import { fill, newRow } from './rows.js';

const ROWS_MIN = 28;
const ROWS_MAX = 56;
const KEEP = 400; // entries while following
const KEEP_READING = 1_200; // entries while scrolled up, with older pages
const FRESH = 200; // the newest, kept aside while scrolled up
const STEP = 4; // rows a window moves by
const ROW_PX = 26; // the least height of a row
const SPARE = 12; // rows beyond what fits: a step and both edges, or the window would swing
const FLUSH_MS = 90; // under load, how often the list is brought up to date
const NEAR_PX = 60;

/** @typedef {import('./rows.js').Entry} Entry */

export class ChatList {
  #box;
  #onOlder;
  #onNews;
  #onRelease;
  #items = [];
  #first = 0; // the window: #rows[0] shows #items[#first]
  #rows = [];
  #idle = [];
  #fresh = []; // the last FRESH entries that came, whether shown or not
  #waiting = []; // came since the last flush
  #unseen = 0;
  #contiguous = true; // #items and #fresh together have no hole
  #following = true;
  #flushedAt = 0;
  #leftAt = 0; // where we scrolled to last
  #flush = 0;
  #loading = false;
  #exhausted = false;
  #resize = new ResizeObserver(() => this.#following && this.#toBottom());

  /**
   * @param {HTMLElement} box  the scrolling element
   * @param {{onOlder: (before: number) => Promise<{entries: Entry[], more: boolean}>,
   *   onNews: (unseen: number) => void, onRelease?: (row: Element) => void}} hooks
   */
  constructor(box, { onOlder, onNews, onRelease }) {
    this.#box = box;
    this.#onOlder = onOlder;
    this.#onNews = onNews;
    this.#onRelease = onRelease;
    this.#resize.observe(box);
    box.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    box.addEventListener('wheel', (e) => e.deltaY < 0 && this.#pause(), { passive: true });
    box.addEventListener('keydown', (e) => {
      if (['PageUp', 'ArrowUp', 'Home'].includes(e.key)) this.#pause();
      if (e.key === 'End') this.follow();
    });
  }

  get following() {
    return this.#following;
  }

  /** @param {Entry} entry */
  push(entry) {
    this.#waiting.push(entry);
    if (this.#waiting.length > FRESH) this.#waiting.shift();
    if (!this.#following && entry.type !== 'pending') this.#unseen += 1;
    this.#schedule();
  }

  /** Takes entries away: recalled, cleared, or a pending one that has arrived. */
  remove(matches) {
    const keep = (entry) => !matches(entry);
    this.#waiting = this.#waiting.filter(keep);
    this.#fresh = this.#fresh.filter(keep);
    const gone = this.#items.filter(matches);
    if (gone.length === 0) return;
    const before = this.#items.slice(0, this.#first).filter(keep).length;
    this.#items = this.#items.filter(keep);
    this.#first = before;
    this.#render();
  }

  /** Back to the newest. */
  follow() {
    this.#drain();
    if (!this.#following && !this.#contiguous) {
      this.#items = this.#fresh.slice();
      this.#contiguous = true;
      this.#exhausted = false;
    }
    this.#following = true;
    this.#unseen = 0;
    this.#onNews(0);
    this.#trim();
    this.#first = Math.max(0, this.#items.length - this.#capacity());
    this.#render();
    this.#toBottom();
  }

  /** Another conversation, or none, from its newest. @param {Entry[]} entries */
  show(entries) {
    this.#items = entries.slice(-KEEP);
    this.#fresh = entries.slice(-FRESH);
    this.#waiting = [];
    this.#exhausted = false;
    this.#contiguous = true;
    this.follow();
  }

  /** Something of it has changed. */
  touch(entry) {
    const row = this.#rows.find((candidate) => candidate.entry === entry);
    if (!row) return;
    fill(row, entry);
    if (this.#following) this.#toBottom();
  }

  destroy() {
    cancelAnimationFrame(this.#flush);
    clearTimeout(this.#flush);
    this.#resize.disconnect();
  }

  // Coming in

  #schedule() {
    if (this.#flush) return;
    const since = performance.now() - this.#flushedAt;
    const run = () => {
      this.#flush = requestAnimationFrame(() => this.#update());
    };
    if (since >= FLUSH_MS) run();
    else this.#flush = setTimeout(run, FLUSH_MS - since);
  }

  #update() {
    this.#flush = 0;
    this.#flushedAt = performance.now();
    this.#drain();
    if (!this.#following) return this.#onNews(this.#unseen);
    this.#trim();
    this.#first = Math.max(0, this.#items.length - this.#capacity());
    this.#render();
    this.#toBottom();
  }

  #drain() {
    for (const entry of this.#waiting) {
      this.#fresh.push(entry);
      if (this.#items.length < KEEP_READING && this.#contiguous) this.#items.push(entry);
      else if (this.#following) this.#items.push(entry);
      else this.#contiguous = false; // the reader's page stays; follow() starts from #fresh
    }
    this.#waiting.length = 0;
    if (this.#fresh.length > FRESH) this.#fresh.splice(0, this.#fresh.length - FRESH);
  }

  #trim() {
    const extra = this.#items.length - KEEP;
    if (extra <= 0) return;
    this.#items.splice(0, extra);
    this.#first = Math.max(0, this.#first - extra);
    this.#exhausted = false;
  }

  // Reading

  #pause() {
    if (this.#box.scrollHeight > this.#box.clientHeight + 4) this.#following = false;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#box;
    const below = scrollHeight - clientHeight - scrollTop;
    if (this.#following) {
      // What grows below is no reason to stop; only who scrolls up wants to.
      if (below > 8 && scrollTop < this.#leftAt - 8) this.#pause();
      return;
    }
    const end = this.#first + this.#rows.length;
    if (below < NEAR_PX && end < this.#items.length) this.#slide(STEP);
    else if (below < 4 && this.#contiguous) this.follow();
    else if (scrollTop < NEAR_PX && this.#first > 0) this.#slide(-STEP);
    else if (scrollTop < NEAR_PX) this.#loadOlder();
  }

  /** Moves the window and keeps what one reads where it is. */
  #slide(by) {
    const last = Math.max(0, this.#items.length - this.#capacity());
    const first = Math.min(last, Math.max(0, this.#first + by));
    if (first === this.#first) return;
    const anchor = this.#rows[by > 0 ? this.#rows.length - 1 : 0];
    const before = anchor.offsetTop;
    this.#first = first;
    this.#render();
    this.#box.scrollTop += anchor.offsetTop - before;
  }

  async #loadOlder() {
    const oldest = this.#items.find((entry) => entry.offset > 0);
    if (this.#loading || this.#exhausted || !oldest) return;
    this.#loading = true;
    try {
      const { entries, more } = await this.#onOlder(oldest.offset);
      this.#exhausted = !more;
      if (entries.length === 0 || this.#following) return;
      this.#items.unshift(...entries);
      this.#first += entries.length;
      if (this.#items.length > KEEP_READING) {
        this.#items.length = KEEP_READING;
        this.#contiguous = false;
      }
      this.#slide(-STEP);
    } catch {
      this.#exhausted = false;
    } finally {
      this.#loading = false;
    }
  }

  // Rows

  #capacity() {
    const wanted = Math.ceil(this.#box.clientHeight / ROW_PX) + SPARE;
    return Math.min(ROWS_MAX, Math.max(ROWS_MIN, wanted));
  }

  /** Brings the rows in line with the window, touching only what changed. */
  #render() {
    const shown = this.#items.slice(this.#first, this.#first + this.#capacity());
    const wanted = new Set(shown);
    const kept = new Map();
    for (const row of this.#rows) {
      if (wanted.has(row.entry)) kept.set(row.entry, row);
      else this.#release(row);
    }
    const rows = [];
    let previous = null;
    for (const entry of shown) {
      let row = kept.get(entry);
      if (!row) {
        row = this.#idle.pop() ?? newRow();
        fill(row, entry);
      }
      const place = previous ? previous.nextSibling : this.#box.firstChild;
      if (place !== row) this.#box.insertBefore(row, place);
      rows.push(row);
      previous = row;
    }
    this.#rows = rows;
  }

  #release(row) {
    this.#onRelease?.(row);
    row.remove();
    row.entry = null;
    if (this.#idle.length < ROWS_MAX) this.#idle.push(row);
  }

  #toBottom() {
    this.#box.scrollTop = this.#box.scrollHeight;
    this.#leftAt = this.#box.scrollTop;
  }
}
