// The looks of <chat-room>, as constructed sheets: no inline style, so a strict Content-Security-
// Policy is content, and one script tag brings everything. A host changes colours from outside by
// the custom properties of :host.

import { BASE } from './style-base.js';
import { CHAT } from './style-chat.js';
import { OVER } from './style-over.js';
import { SMALL } from './style-small.js';

/** Later ones win. */
export const sheets = [BASE, CHAT, OVER, SMALL].map((css) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
});
