// The left side: whatever the host shows (a slot), the flying comments over it, a title above, and
// the viewer's own switches below, which are remembered in this browser.

import { el, icon, iconButton, setText } from './dom.js';
import { DanmakuStage } from './danmaku.js';

const MEMORY = 'chatroom.stage';
const AREAS = [0.25, 0.5, 0.75, 1];
const SIZES = [0.8, 1, 1.25, 1.5];
const SPEEDS = [0.7, 1, 1.45];
const DEFAULTS = { enabled: true, opacity: 1, area: 2, size: 1, speed: 1 };

export class Theatre {
  node;
  stage;

  #words;
  #parts = {};
  #sheet = null;
  #settings = { ...DEFAULTS, ...recall() };

  /** @param {{words: any, onPeople: (opener: HTMLElement) => void}} options */
  constructor({ words, onPeople }) {
    this.#words = words;
    const air = el('div', { className: 'air', aria: { hidden: 'true' } });
    const live = el('span', { className: 'badge-live' }, words.offAir);
    const name = el('b');
    const topic = el('span');
    const online = el('span');
    const people = el(
      'button',
      {
        type: 'button',
        className: 'chip',
        title: words.members,
        aria: { expanded: 'false' },
        on: { click: () => onPeople(people) },
      },
      icon('people'),
      online,
    );
    const toggle = el(
      'button',
      {
        type: 'button',
        className: 'switch',
        role: 'switch',
        on: { click: () => this.#set({ enabled: !this.#settings.enabled }) },
      },
      words.danmaku,
    );
    const gear = iconButton('sliders', words.settings, () => this.#toggleSheet(), {
      aria: { expanded: 'false' },
    });
    const full = iconButton('expand', words.fullscreen, () => this.#fullscreen());
    full.hidden = !document.fullscreenEnabled;
    this.node = el(
      'section',
      { className: 'theatre off', aria: { label: words.stageLabel } },
      el('slot', { name: 'stage' }),
      air,
      el(
        'div',
        { className: 'head' },
        live,
        el('div', { className: 'title' }, name, topic),
        people,
      ),
      el('div', { className: 'tools' }, toggle, gear, full),
    );
    this.node.addEventListener('keydown', (e) => e.key === 'Escape' && this.#closeSheet());
    this.#parts = { live, name, topic, online, toggle, gear, people };
    this.stage = new DanmakuStage(air);
    this.#set({});
  }

  setTitle(name, topic) {
    setText(this.#parts.name, name);
    setText(this.#parts.topic, topic ?? '');
  }

  setOnline(count, live) {
    setText(this.#parts.online, count > 0 ? count.toLocaleString() : '–');
    this.#parts.people.setAttribute('aria-label', this.#words.online(count));
    this.node.classList.toggle('off', !live);
    setText(this.#parts.live, live ? this.#words.onAir : this.#words.offAir);
  }

  destroy() {
    this.stage.destroy();
  }

  #set(change) {
    Object.assign(this.#settings, change);
    const { enabled, opacity, area, size, speed } = this.#settings;
    this.stage.configure({
      enabled,
      opacity,
      area: AREAS[area],
      scale: SIZES[size],
      speed: SPEEDS[speed],
    });
    this.#parts.toggle.setAttribute('aria-checked', String(enabled));
    remember(this.#settings);
  }

  #fullscreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.node.requestFullscreen().catch(() => {});
  }

  // The sheet of sliders, made when it is opened

  #toggleSheet() {
    if (this.#sheet) return this.#closeSheet();
    const { opacityNames, areaNames, sizeNames, speedNames } = {
      ...this.#words,
      opacityNames: Array.from({ length: 9 }, (_, i) => `${20 + i * 10} %`),
    };
    const sliders = [
      this.#slider(
        this.#words.opacity,
        opacityNames,
        Math.round(this.#settings.opacity * 10) - 2,
        (i) => ({ opacity: (i + 2) / 10 }),
      ),
      this.#slider(this.#words.area, areaNames, this.#settings.area, (area) => ({ area })),
      this.#slider(this.#words.size, sizeNames, this.#settings.size, (size) => ({ size })),
      this.#slider(this.#words.speed, speedNames, this.#settings.speed, (speed) => ({ speed })),
    ];
    this.#sheet = el(
      'div',
      { className: 'sheet settings', role: 'group', aria: { label: this.#words.settings } },
      el('h3', {}, this.#words.settings),
      ...sliders.flat(),
    );
    this.node.append(this.#sheet);
    this.#parts.gear.setAttribute('aria-expanded', 'true');
    this.#sheet.querySelector('input').focus();
  }

  #closeSheet() {
    if (!this.#sheet) return;
    this.#sheet.remove();
    this.#sheet = null;
    this.#parts.gear.setAttribute('aria-expanded', 'false');
    this.#parts.gear.focus();
  }

  #slider(label, names, value, change) {
    const output = el('output', {}, names[value]);
    const input = el('input', {
      type: 'range',
      min: '0',
      max: String(names.length - 1),
      aria: { label },
    });
    input.value = String(value);
    input.setAttribute('aria-valuetext', names[value]);
    input.addEventListener('input', () => {
      const step = Number(input.value);
      setText(output, names[step]);
      input.setAttribute('aria-valuetext', names[step]);
      this.#set(change(step));
    });
    return [el('span', {}, label), input, output];
  }
}

// Storage may be forbidden (private windows, sandboxed frames) or hold somebody else's idea.

function recall() {
  try {
    const saved = JSON.parse(localStorage.getItem(MEMORY) ?? '{}');
    const index = (value, names) =>
      Number.isInteger(value) && value >= 0 && value < names.length ? value : undefined;
    const known = {
      enabled: typeof saved.enabled === 'boolean' ? saved.enabled : undefined,
      opacity: saved.opacity >= 0.2 && saved.opacity <= 1 ? saved.opacity : undefined,
      area: index(saved.area, AREAS),
      size: index(saved.size, SIZES),
      speed: index(saved.speed, SPEEDS),
    };
    return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  } catch {
    return {};
  }
}

function remember(settings) {
  try {
    localStorage.setItem(MEMORY, JSON.stringify(settings));
  } catch {
    // Then it holds for this visit.
  }
}
