// The sheets over the chat (members, desk, menus): one at a time, opened by a button or a row,
// closed by Escape, and whoever opened it has the focus again.

import { el, iconButton } from './dom.js';

/** What stands on top of one that fills the place of the list. */
export const sheetHead = (title, words, close) =>
  el('header', {}, el('h3', {}, title), iconButton('cross', words.close, close));

export class Sheets {
  #place;
  #sheet = null;
  #opener = null;

  /** @param {HTMLElement} place  where they stand */
  constructor(place) {
    this.#place = place;
    place.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.#sheet) return;
      event.stopPropagation();
      this.close();
    });
  }

  /** The sheet that is open, if it is of that class. */
  is(kind) {
    return this.#sheet instanceof kind ? this.#sheet : null;
  }

  /** @param {{node: HTMLElement, focus: () => void, destroy?: () => void}} sheet
   *  @param {HTMLElement|null} [opener] */
  open(sheet, opener = null) {
    this.close(false);
    this.#sheet = sheet;
    this.#opener = opener;
    if (opener?.hasAttribute('aria-expanded')) opener.setAttribute('aria-expanded', 'true');
    this.#place.append(sheet.node);
    sheet.focus();
  }

  close(focus = true) {
    if (!this.#sheet) return;
    const [sheet, opener] = [this.#sheet, this.#opener];
    this.#sheet = this.#opener = null;
    sheet.destroy?.();
    sheet.node.remove();
    if (opener?.hasAttribute('aria-expanded')) opener.setAttribute('aria-expanded', 'false');
    if (focus && opener?.isConnected) opener.focus();
  }
}
