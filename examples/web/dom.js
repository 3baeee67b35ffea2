// Building elements without markup: everything a peer wrote goes in as text, never as HTML.

const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param {string} tag
 * @param {Record<string, any>} [properties]  `on` holds listeners, `data` and `aria` attributes
 * @param {...(Node|string)} children
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'on')
      for (const [type, hear] of Object.entries(value)) node.addEventListener(type, hear);
    else if (name === 'aria')
      for (const [key, text] of Object.entries(value)) node.setAttribute(`aria-${key}`, text);
    else if (name in node) node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const ICONS = {
  dots:
    'M3.5 6.6a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8Zm4.5 0a1.4 1.4 0 1 0 0 2.8 1.4 1.4' +
    ' 0 0 0 0-2.8Zm4.5 0a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8Z',
  lock:
    'M5 7V5a3 3 0 0 1 6 0v2h.5c.6 0 1 .4 1 1v5c0 .6-.4 1-1 1h-7c-.6 0-1-.4-1-1V8c0-.6.4-1 1-1' +
    'H5Zm1.4 0h3.2V5a1.6 1.6 0 0 0-3.2 0v2Z',
  pin:
    'm9.8 1.6 4.6 4.6-1 1-.8-.2-2.4 2.4.1 2.4-1 1L6.5 10 2.6 13.9l-.9.1.1-.9L5.7 9.2' +
    ' 2.9 6.4l1-1 2.4.1L8.7 3.1l-.2-.8 1.3-.7Z',
  reply: 'M6.5 3v2.8c4.2 0 7 2 7.5 6.7-1.7-2.4-4-3.3-7.5-3.3V12L1.5 7.5 6.5 3Z',
  shield: 'm8 1.3 5.5 2v4.2c0 3.3-2.2 5.9-5.5 7.2-3.3-1.3-5.5-3.9-5.5-7.2V3.3l5.5-2Z',
  people:
    'M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6Zm0 1.5c-3 0-6 1.5-6 3.7V14h12v-.8' + 'c0-2.2-3-3.7-6-3.7Z',
  sliders:
    'M2 4.2h6.2a2 2 0 0 0 3.9 0H14V2.8h-1.9a2 2 0 0 0-3.9 0H2v1.4Zm0 4.5h1.9' +
    'a2 2 0 0 0 3.9 0H14V7.3H7.8a2 2 0 0 0-3.9 0H2v1.4Zm0 4.5h6.2a2 2 0 0 0 3.9 0H14' +
    'v-1.4h-1.9a2 2 0 0 0-3.9 0H2v1.4Z',
  expand:
    'M2 6V2h4v1.5H3.5V6H2Zm8-4h4v4h-1.5V3.5H10V2ZM2 10h1.5v2.5H6V14H2v-4Zm10.5 0H14v4' +
    'h-4v-1.5h2.5V10Z',
  pencil: 'M11.3 1.9 14.1 4.7 5.6 13.2 2 14l.8-3.6 8.5-8.5Z',
  smile:
    'M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13Zm0 1.4a5.1 5.1 0 1 1 0 10.2' +
    'A5.1 5.1 0 0 1 8 2.9ZM5.8 5.6a.9.9 0 1 0 0 1.8.9.9 0 0 0 0-1.8Zm4.4 0' +
    'a.9.9 0 1 0 0 1.8.9.9 0 0 0 0-1.8ZM4.9 9c.4 1.6 1.6 2.6 3.1 2.6S10.7 10.6 11.1 9' +
    'H9.7c-.3.8-.9 1.3-1.7 1.3S6.6 9.8 6.3 9H4.9Z',
  down: 'M8 11.5 2.5 6l1-1L8 9.5 12.5 5l1 1L8 11.5Z',
  heart: 'M8 14 2.3 8.2a3.6 3.6 0 0 1 5.1-5.1L8 3.7l.6-.6a3.6 3.6 0 0 1 5.1 5.1L8 14Z',
  cross: 'm3.5 2.5 4.5 4.5 4.5-4.5 1 1L9 8l4.5 4.5-1 1L8 9l-4.5 4.5-1-1L7 8 2.5 3.5l1-1Z',
};

/** A small picture of that name, in the colour of the text around it. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** A round button that is a picture; `label` says what it does.
 * @param {string} name  of the picture
 * @param {string} label
 * @param {(event: Event) => void} click
 * @param {Record<string, any>} [properties]  as of el()
 * @param {...(Node|string)} children  behind the picture */
export function iconButton(name, label, click, properties = {}, ...children) {
  const { className = '', aria, ...rest } = properties;
  const looks = {
    type: 'button',
    className: `round ${className}`.trim(),
    title: label,
    aria: { label, ...aria },
    on: { click },
    ...rest,
  };
  return el('button', looks, icon(name), ...children);
}

/** Like textContent, but without a new node each time. */
export function setText(node, text) {
  const first = node.firstChild;
  if (first?.nodeType === Node.TEXT_NODE && first === node.lastChild) {
    if (first.data !== text) first.data = text;
  } else {
    node.textContent = text;
  }
}

const encoder = new TextEncoder();

/** How long a text is on the wire. */
export const utf8Length = (text) => encoder.encode(text).length;

/** A hue for a name: the same everywhere, without asking anybody. */
export function hueOf(name) {
  let hash = 2166136261;
  for (let i = 0; i < name.length; ++i) hash = Math.imul(hash ^ name.charCodeAt(i), 16777619);
  // Names that differ in one letter should differ in colour.
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return ((hash ^ (hash >>> 13)) >>> 0) % 360;
}
