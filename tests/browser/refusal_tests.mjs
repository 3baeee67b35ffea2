// Every refusal that says when to try again is told so, wherever it comes: in the box, in a menu, in
// front of the room. Against the stand-in, which refuses what it is told to; and that the list
// follows whatever changes around it.

import { MockServer } from './mock_server.mjs';
import {
  assert,
  assertEqual,
  openPage,
  roomUrl,
  say,
  texts,
  until,
  untilLive,
} from './harness.mjs';

const SPAN = 7_000;

/** Each refusal of `publish` that may have an end, and what the page says. */
const TIMED = {
  rate_limited: 'You are sending too fast.',
  slow_mode: 'Slow mode is on: one message at a time.',
  duplicate: 'You have just said that.',
  muted: 'You are muted in this room.',
  mode_restricted: 'Only some members may speak right now.',
  room_overloaded: 'The room is very busy. Please try again.',
  queue_full: 'Too much is waiting to be sent. Give it a moment.',
  storage_failed: 'The message could not be saved. Please try again.',
};
const RULES = {
  room_rate: 'The whole room is sending too fast.',
  tenant_rate: 'This service is very busy.',
  address_rate: 'Too much comes from your network.',
};

export async function refusalTests({ runner, browser, webRoot }) {
  const test = (name, run) =>
    runner.test(`refusals: ${name}`, async () => {
      const server = await new MockServer({ webRoot }).start(0);
      const page = await openPage(browser, roomUrl(server, 'r', 'Alice'));
      try {
        await untilLive(page);
        await run(page, server);
        assertEqual(page.complaints, [], 'complaints');
      } finally {
        await page.context().close();
        await server.stop();
      }
    });
  const notice = (page) => page.locator('.notice').textContent();
  const refuse = (server, op, code, rule, ms = SPAN) =>
    server.refuse.set(op, { code, rule, message: 'x', temporary: true, retry_after_ms: ms });

  for (const [code, sentence] of Object.entries(TIMED)) {
    await test(`${code} says when to try again`, async (page, server) => {
      refuse(server, 'publish', code);
      await say(page, 'hello');
      const told = `${sentence} Try again in 7 s.`;
      await until(told, async () => (await notice(page)) === told);
      assert(await page.locator('.send').isDisabled(), 'the button waits');
      assertEqual(await page.locator('textarea').inputValue(), 'hello', 'nothing is lost');
    });
  }

  await test('rules say more than codes, and long waits are told in minutes', async (page, server) => {
    for (const [rule, sentence] of Object.entries(RULES)) {
      refuse(server, 'publish', 'rate_limited', rule, 250_000);
      const error = await page.evaluate(() =>
        document
          .querySelector('chat-room')
          .send('x')
          .catch(({ code, rule, retryAfterMs }) => [code, rule, retryAfterMs]),
      );
      assertEqual(error, ['rate_limited', rule, 250_000], 'the refusal');
    }
    await say(page, 'hello');
    const told = `${RULES.address_rate} Try again in 5 min.`;
    await until(told, async () => (await notice(page)) === told);
  });

  await test('a menu says when, too', async (page, server) => {
    server.say('r', 'bob', 'something');
    await until('the row', async () => (await texts(page)).length === 1);
    refuse(server, 'pin', 'rate_limited', 'command_rate');
    await page.locator('.row.message').hover();
    await page.locator('.act').click();
    await page.locator('.menu button', { hasText: 'Pin' }).click();
    const told = 'You are asking for too much at once. Try again in 7 s.';
    await until(told, async () => (await page.locator('.menu .refusal').textContent()) === told);
  });

  await test('in front of the room the wait is counted, and ends by itself', async (page, server) => {
    refuse(server, 'join', 'rate_limited', 'join_rate', 2_500);
    server.kickAll(4001);
    const banner = page.locator('.banner:not([hidden]) span');
    await until('the count', async () =>
      /^You are joining rooms too quickly\. Trying again in [123] s\.$/.test(
        (await banner.count()) > 0 ? await banner.textContent() : '',
      ),
    );
    server.refuse.clear();
    await untilLive(page, 10_000);
    page.complaints.length = 0; // of the connection that was closed
  });

  await test('a second wrong password takes nothing from who types a third', async (page, server) => {
    server.refuse.set('join', { code: 'wrong_password', message: 'x' });
    server.kickAll(4001);
    const box = page.locator('.banner input');
    await box.fill('one');
    await box.press('Enter');
    await box.fill('two');
    await page.evaluate(() => {
      const room = document.querySelector('chat-room');
      globalThis.lost = 0;
      room.shadowRoot.querySelector('.banner input').addEventListener('blur', () => ++lost);
      room.chat.enter();
    });
    await until('the answer', () =>
      page.evaluate(() => document.querySelector('chat-room').chat.state === 'refused'),
    );
    await page.waitForTimeout(100);
    assertEqual([await page.evaluate(() => lost), await box.inputValue()], [0, 'two'], 'the box');
    page.complaints.length = 0; // of the connection that was closed
  });

  await test('the list follows whatever changes around it', async (page, server) => {
    for (let n = 0; n < 60; ++n) server.say('r', `u${n % 7}`, `line ${n}`);
    await until('the last', async () => (await texts(page)).at(-1) === 'line 59');
    const offset = server.say('r', 'bob', 'Read the rules. '.repeat(6));
    for (let n = 0; n < 8; ++n) {
      server.say('r', 'bob', `more ${n}`);
      const changed = {
        pinned: n % 2 ? [] : [offset],
        rung: n % 2 ? 'normal' : 'sample',
        kept: 200,
      };
      server.broadcast({ event: 'room_state', room: 'r', changed }, 'r');
      await page.waitForTimeout(60);
    }
    await until('the last', async () => (await texts(page)).at(-1) === 'more 7');
    assert(await page.locator('.newer').isHidden(), 'it follows');
    const below = () =>
      page.locator('.log').evaluate((log) => log.scrollHeight - log.clientHeight - log.scrollTop);
    await until('the end in sight', async () => (await below()) < 4);
    await page.locator('.log').hover();
    await page.mouse.wheel(0, -300);
    await page.waitForTimeout(200);
    server.say('r', 'bob', 'unseen');
    await until(
      'the count',
      async () => (await page.locator('.newer').textContent()) === '1 new message',
    );
  });
}
