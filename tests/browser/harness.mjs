// What every browser test needs: Chromium as Debian has it, a page that keeps its complaints, and
// a runner that counts.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--js-flags=--expose-gc',
];

export const SIZES = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];

export class Skip extends Error {}

export async function openBrowser() {
  const executablePath = CHROMIUM.find((path) => existsSync(path));
  if (!executablePath) throw new Skip('no Chromium (package chromium)');
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args: [...FLAGS, ...asRoot] });
}

/** A page of its own storage, with everything it complained about in `complaints`. */
export async function openPage(browser, url, { viewport = SIZES[0], ...options } = {}) {
  const context = await browser.newContext({ viewport, locale: 'en-US', ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('pageerror', (error) => page.complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') page.complaints.push(`console: ${message.text()}`);
  });
  await page.goto(url);
  return page;
}

export function roomUrl(server, room, name, extra = '') {
  return `${server.url}?room=${encodeURIComponent(room)}&name=${encodeURIComponent(name)}${extra}`;
}

/** Waits until the page is in its room. */
export async function untilLive(page, timeout = 30_000) {
  const live = page.locator('.state.live').waitFor({ timeout });
  await live.catch(async (error) => {
    const shown = await page.evaluate(() => {
      const { client, chat, shadowRoot } = document.querySelector('chat-room');
      const says = shadowRoot?.querySelector('.banner:not([hidden])')?.textContent;
      return { client: client?.state, last: client?.lastClose, room: chat?.state, says };
    });
    throw new Error(`${error.message}\n${JSON.stringify([shown, page.complaints])}`);
  });
}

export async function say(page, text) {
  await page.locator('textarea').fill(text);
  await page.locator('textarea').press('Enter');
}

/** The texts of the list, newest last; `type` as in the rows' class. */
export const texts = (page, type = 'message') =>
  page.locator(`.row.${type} .text`).evaluateAll((nodes) => nodes.map((node) => node.textContent));

/** Polls until `probe` gives something true. */
export async function until(what, probe, timeoutMs = 10_000) {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The list of messages shows it. */
export const seen = (page, text) =>
  until(`"${text}"`, async () => (await texts(page)).includes(text));

export function assert(condition, what) {
  if (!condition) throw new Error(what);
}

export function assertEqual(actual, expected, what) {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: got ${a}, expected ${b}`);
}

/** Every node in the document, shadow trees and texts included. */
export const countNodes = (page) =>
  page.evaluate(() => {
    const walk = (node) => {
      let count = 1 + (node.shadowRoot ? walk(node.shadowRoot) : 0);
      for (const child of node.childNodes) count += walk(child);
      return count;
    };
    return walk(document);
  });

/** Bytes of the script heap after a thorough collection. */
export async function heapBytes(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize;
}

export class Runner {
  passed = 0;
  failed = 0;
  skipped = 0;
  #only;

  constructor(only) {
    this.#only = only;
  }

  async test(name, run) {
    if (this.#only && !name.includes(this.#only)) return;
    const began = Date.now();
    try {
      const note = await run();
      this.passed += 1;
      console.log(
        `ok    ${name} (${((Date.now() - began) / 1000).toFixed(1)} s)${note ? ` ${note}` : ''}`,
      );
    } catch (error) {
      if (error instanceof Skip) {
        this.skipped += 1;
        console.log(`skip  ${name}: ${error.message}`);
        return;
      }
      this.failed += 1;
      console.log(
        `FAIL  ${name}\n      ${String(error.stack ?? error).replace(/\n/g, '\n      ')}`,
      );
    }
  }

  /** Prints the sum and says whether all is well. */
  finish() {
    console.log(`${this.passed} passed, ${this.failed} failed, ${this.skipped} skipped`);
    return this.failed === 0;
  }
}
