// What one can do with a message, without a mouse too: one button for the whole list, which stands
// in the row that is pointed at or chosen with the arrow keys. It moves with its row.

import { el, icon } from './dom.js';

const CHOSEN = '.row.message, .row.direct';

export class RowActions {
  #log;
  #open;
  #label;
  #button;

  /** @param {HTMLElement} log  @param {{label: (entry: any) => string,
   *   open: (event: Event, entry: any) => void}} hooks */
  constructor(log, { label, open }) {
    this.#log = log;
    this.#open = open;
    this.#label = label;
    this.#button = el(
      'button',
      {
        type: 'button',
        className: 'act',
        tabIndex: -1,
        aria: { haspopup: 'menu' },
        on: { click: (e) => this.#open(e, this.#button.parentNode.entry) },
      },
      icon('dots'),
    );
    log.addEventListener('pointerover', (e) => this.#point(e.target.closest?.(CHOSEN)));
    log.addEventListener('pointerleave', () => this.#focused || this.#button.remove());
    log.addEventListener('contextmenu', (e) => {
      const entry = e.target.closest?.(CHOSEN)?.entry;
      if (entry) open(e, entry);
    });
    log.addEventListener('keydown', (e) => this.#key(e));
  }

  /** The row is used for another message. */
  release(row) {
    if (this.#button.parentNode !== row) return;
    const focused = this.#focused;
    this.#button.remove();
    if (focused) this.#log.focus();
  }

  get #focused() {
    return this.#button.getRootNode().activeElement === this.#button;
  }

  #point(row) {
    if (!row || row === this.#button.parentNode || this.#focused) return;
    this.#stand(row);
  }

  #stand(row) {
    const label = this.#label(row.entry);
    this.#button.setAttribute('aria-label', label);
    this.#button.title = label;
    row.append(this.#button);
  }

  #key(event) {
    if (event.key === 'Escape' && this.#focused) return this.#log.focus();
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step) return;
    const rows = [...this.#log.querySelectorAll(CHOSEN)];
    const at = this.#focused ? rows.indexOf(this.#button.parentNode) : rows.length;
    const row = rows[at + step];
    if (!row) return; // then the list scrolls, and brings more
    event.preventDefault();
    this.#stand(row);
    this.#button.focus({ preventScroll: true });
    row.scrollIntoView({ block: 'nearest' });
  }
}
