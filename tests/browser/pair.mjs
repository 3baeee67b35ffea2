// Tests of two people in a room of their own: Alice at a desk, who came first and so owns it, and
// Bob with a phone.

import { SIZES, assertEqual, openPage, roomUrl, untilLive } from './harness.mjs';

/**
 * `test(what, run, { query })` runs `run(alice, bob, room)`; `prepare(alice)` comes before Bob does,
 * and `query` goes into his address.
 */
export function pairTests({ runner, browser, server, screens }, name, prepare = async () => {}) {
  let rooms = 0;
  return (what, run, { query = '' } = {}) =>
    runner.test(`${name}: ${what}`, async () => {
      const room = `${name}/${++rooms}-${Date.now() % 100_000}`;
      const pages = [await openPage(browser, roomUrl(server, room, 'Alice'))];
      try {
        await untilLive(pages[0]);
        await prepare(pages[0]);
        pages.push(
          await openPage(browser, roomUrl(server, room, 'Bob', query), { viewport: SIZES[1] }),
        );
        await untilLive(pages[1]);
        await run(...pages, room);
        for (const [at, page] of screens ? pages.entries() : []) {
          await page.screenshot({ path: `${screens}/${name}-${rooms}-${['alice', 'bob'][at]}.png` });
        }
        assertEqual(
          pages.map((page) => page.complaints),
          [[], []],
          'complaints',
        );
      } finally {
        for (const page of pages) await page.context().close();
      }
    });
}
