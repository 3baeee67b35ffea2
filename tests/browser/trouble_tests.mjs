// What a real server does only in trouble, done on demand by the stand-in: refusals, waits, gaps,
// final closes, recalls. And the parts of the page that need no server of their own: reading back,
// keyboard, little motion, Chinese.

import { createServer } from 'node:http';
import { crowdLine } from './crowd.mjs';
import { MockServer } from './mock_server.mjs';
import {
  SIZES,
  assert,
  assertEqual,
  countNodes,
  openPage,
  roomUrl,
  say,
  texts,
  until,
  untilLive,
} from './harness.mjs';

export async function troubleTests({ runner, browser, screens, webRoot }) {
  const test = (name, run, { viewport, query = '', ...options } = {}) =>
    runner.test(`page: ${name}`, async () => {
      const server = await new MockServer({ webRoot }).start(0);
      const page = await openPage(browser, roomUrl(server, 'r', 'Alice', query), {
        viewport,
        ...options,
      });
      try {
        await untilLive(page);
        const note = await run(page, server);
        if (screens) await page.screenshot({ path: `${screens}/${name.replace(/\W+/g, '-')}.png` });
        const own = page.complaints.filter((line) => !line.includes('WebSocket connection to'));
        assertEqual(own, [], 'complaints');
        return note;
      } finally {
        await page.context().close();
        await server.stop();
      }
    });
  const notice = (page) => page.locator('.notice').textContent();
  const banner = (page) => page.locator('.banner:not([hidden]) span').textContent();

  await test('a refusal is a sentence, the text stays, a wait is counted down', async (page, server) => {
    server.refuse.set('publish', {
      code: 'slow_mode',
      message: 'x',
      temporary: true,
      retry_after_ms: 3_000,
    });
    await say(page, 'too soon');
    await until(
      'the sentence',
      async () =>
        (await notice(page)) === 'Slow mode is on: one message at a time. Try again in 3 s.',
    );
    assertEqual(await page.locator('textarea').inputValue(), 'too soon', 'input');
    assert(await page.locator('.send').isDisabled(), 'the button waits');
    assert(/^[123] s$/.test(await page.locator('.send').textContent()), 'the button counts');
    server.refuse.clear();
    await until('the end of the wait', () => page.locator('.send').isEnabled(), 5_000);
    await page.locator('.send').click();
    await until('the message', async () => (await texts(page)).includes('too soon'));
  });

  await test('the counter counts bytes and stops a text that is too long', async (page) => {
    await page.locator('textarea').fill('字'.repeat(682));
    assertEqual(await page.locator('.bytes').textContent(), '2,046 / 2,048', 'counter');
    assert(await page.locator('.send').isEnabled(), 'still allowed');
    await page.locator('textarea').fill('字'.repeat(683));
    assertEqual(await page.locator('.bytes').getAttribute('class'), 'bytes over', 'counter');
    assert(await page.locator('.send').isDisabled(), 'not allowed');
  });

  await test('an input method may use Enter', async (page) => {
    const box = page.locator('textarea');
    await box.fill('ni hao');
    await box.dispatchEvent('keydown', { key: 'Enter', isComposing: true });
    assertEqual(await box.inputValue(), 'ni hao', 'input');
    await box.press('Shift+Enter');
    assertEqual(await texts(page), [], 'texts');
  });

  await test('a gap and a recall are shown', async (page, server) => {
    const offset = server.say('r', 'mallory', 'regrettable');
    server.say('r', 'bob', 'fine');
    await until('both', async () => (await texts(page)).length === 2);
    server.broadcast({ event: 'message_removed', room: 'r', offset }, 'r');
    server.broadcast(
      {
        event: 'gap',
        room: 'r',
        channel: 'main',
        from: 3,
        to: 11,
        count: 9,
        classes: ['lossy'],
        reason: 'slow_consumer',
      },
      'r',
    );
    await until('the recall', async () => (await texts(page)).join() === 'fine');
    const told = '9 messages were left out. Your connection was too slow for them.';
    await until('the gap', async () => (await texts(page, 'system')).includes(told));
    server.broadcast({ event: 'messages_cleared', room: 'r', user: 'bob' }, 'r');
    await until('the clearing', async () => (await texts(page)).length === 0);
  });

  await test('slow mode, topic and pinned message of the room are shown', async (page, server) => {
    const offset = server.say('r', 'bob', 'Welcome! Read the rules.');
    server.broadcast(
      {
        event: 'room_state',
        room: 'r',
        changed: {
          policy: { slow_mode_s: 5 },
          attributes: { topic: 'Sunset stream' },
          pinned: [offset],
        },
      },
      'r',
    );
    await until(
      'slow mode',
      async () => (await page.locator('.slow').textContent()) === 'Slow mode 5 s',
    );
    assertEqual(await page.locator('.title span').textContent(), 'Sunset stream', 'topic');
    await until(
      'the pinned message',
      async () =>
        (await page.locator('.pinned').textContent()) === 'bob: Welcome! Read the rules.',
    );
  });

  await test('a kick says who one is to the room, and one may try again', async (page, server) => {
    server.broadcast({ event: 'left', room: 'r', reason: 'kicked', by: 'mod', text: 'spam' }, 'r');
    await until(
      'the banner',
      async () => (await banner(page)) === 'A moderator has removed you from the room. (spam)',
    );
    server.op_leave({ rooms: new Set(), user: 'nobody' }, { room: 'r' });
    server.refuse.set('join', { code: 'banned', message: 'x', temporary: false });
    await page.locator('.banner button').click();
    await until(
      'the refusal',
      async () => (await banner(page)) === 'You are banned from this room.',
    );
  });

  await test('a final close is a sentence with a way back', async (page, server) => {
    server.kickAll(4503);
    await until(
      'the banner',
      async () => (await banner(page)) === 'You have opened this chat in another place.',
    );
    assertEqual(await page.locator('.state').textContent(), 'Offline', 'state');
    await page.waitForTimeout(1_200);
    assertEqual(await page.locator('.state').textContent(), 'Offline', 'still offline');
    await page.locator('.banner button').click();
    await untilLive(page);
  });

  await test('a short loss leaves no hole and no double', async (page, server) => {
    server.say('r', 'bob', 'one');
    await until('one', async () => (await texts(page)).length === 1);
    server.kickAll(4001);
    server.say('r', 'bob', 'two');
    await untilLive(page);
    server.say('r', 'bob', 'three');
    await until('all', async () => (await texts(page)).join() === 'one,two,three');
    assert(
      (await texts(page, 'system')).includes('Back online. Nothing was missed.'),
      'the page says so',
    );
  });

  await test('reading back stands still, counts the new, loads the old', async (page, server) => {
    for (let n = 1; n <= 290; ++n) server.say('r', `u${n % 7}`, `line ${n}`);
    await until('the newest', async () => (await texts(page)).at(-1) === 'line 290');
    await page.reload();
    await untilLive(page);
    await until('the newest', async () => (await texts(page)).at(-1) === 'line 290');
    const log = page.locator('.log');
    await log.hover();
    await until(
      'the first line',
      async () => {
        await page.mouse.wheel(0, -1_500);
        await page.waitForTimeout(60);
        return (await texts(page))[0] === 'line 1';
      },
      25_000,
    );
    const shown = await texts(page);
    assertEqual(
      shown,
      Array.from({ length: shown.length }, (_, n) => `line ${n + 1}`),
      'a whole page',
    );
    const top = await log.evaluate((node) => node.scrollTop);
    server.say('r', 'bob', 'new 1');
    server.say('r', 'bob', 'new 2');
    await until(
      'the count',
      async () => (await page.locator('.newer').textContent()) === '2 new messages',
    );
    assertEqual(await log.evaluate((node) => node.scrollTop), top, 'it stands still');
    await page.locator('.newer').click();
    await until('the newest', async () => (await texts(page)).at(-1) === 'new 2');
    assert(await page.locator('.newer').isHidden(), 'the button is gone');
    const rows = await texts(page);
    assertEqual(rows.slice(-4), ['line 289', 'line 290', 'new 1', 'new 2'], 'the end');
  });

  await test('everything can be reached with the keyboard', async (page) => {
    const reached = new Set();
    for (let n = 0; n < 16; ++n) {
      await page.keyboard.press('Tab');
      reached.add(
        await page.evaluate(() => {
          const node = document.activeElement.shadowRoot?.activeElement ?? document.activeElement;
          return node.className || node.id || node.tagName;
        }),
      );
    }
    for (const name of ['embed', 'switch', 'chip', 'log', 'me'])
      assert(reached.has(name), `${name} not in ${[...reached]}`);
    assert(reached.has('TEXTAREA'), 'the box');
  });

  await test('mentions: a nick goes into the box, and one sees who calls', async (page, server) => {
    server.say('r', 'bob', 'hey @Alice, look', { nick: 'Bob' });
    await page.locator('.row.mention').waitFor();
    await page.locator('.row.message .nick').click();
    assert(await page.locator('.card .profile').isHidden(), 'a server without profiles');
    await page.locator('.card button', { hasText: 'Mention' }).click();
    assertEqual(await page.locator('textarea').inputValue(), '@Bob ', 'input');
    let mentions;
    server.refuse.set('publish', (command) => void (mentions = command.mentions));
    await say(page, '@Bob yes');
    await until('the publish', () => mentions);
    assertEqual(mentions, ['bob'], 'mentions');
  });

  await test('flying comments can be turned off and shaped, for good', async (page, server) => {
    await page.locator('[title="Comment display"]').click();
    await page.locator('.settings input').nth(0).fill('3');
    await page.locator('.settings input').nth(1).fill('0');
    if (screens) await page.screenshot({ path: `${screens}/settings.png` });
    await page.keyboard.press('Escape');
    await page.locator('.switch').click();
    server.say('r', 'bob', 'unseen');
    await until('the row', async () => (await texts(page)).includes('unseen'));
    assertEqual(await page.locator('.bullet:not([hidden])').count(), 0, 'bullets');
    await page.reload();
    await untilLive(page);
    assertEqual(await page.locator('.switch').getAttribute('aria-checked'), 'false', 'switch');
    await page.locator('.switch').click();
    server.say('r', 'bob', 'seen');
    await page.locator('.bullet:not([hidden])').waitFor({ state: 'attached' });
    assertEqual(
      await page.locator('.air').evaluate((node) => node.style.opacity),
      '0.5',
      'opacity',
    );
  });

  await test(
    'where motion is not wanted nothing moves, and nothing overlaps',
    async (page, server) => {
      for (let n = 0; n < 60; ++n) server.say('r', 'bob', `still ${n}`);
      await page.waitForTimeout(600);
      const look = () =>
        page
          .locator('.bullet:not([hidden])')
          .evaluateAll((all) =>
            all.map((node) => [node.dataset.lane, node.getBoundingClientRect().left]),
          );
      const [before] = [await look()];
      await page.waitForTimeout(500);
      assertEqual(await look(), before, 'places');
      assertEqual(new Set(before.map(([lane]) => lane)).size, before.length, 'one a lane');
      assert(before.length > 5, `${before.length} shown`);
    },
    { reducedMotion: 'reduce' },
  );

  await test('high comes first, and own messages always fly', async (page, server) => {
    server.flood('r', 150, (n) => ({ user: `u${n % 50}`, text: `flood number ${n}` }));
    await page.waitForTimeout(2_500);
    server.say('r', 'mod', 'an announcement', { priority: 'high' });
    await say(page, 'mine');
    const flies = (kind, text) =>
      until(
        text,
        () =>
          page
            .locator(`.bullet.${kind}`)
            .evaluateAll((all, text) => all.some((b) => b.textContent === text), text),
        4_000,
      );
    await Promise.all([flies('high', 'an announcement'), flies('own', 'mine')]);
    server.flood('r', 0);
  });

  await test(
    'the page speaks Chinese',
    async (page, server) => {
      assertEqual(await page.locator('.state').textContent(), '已连接', 'state');
      server.refuse.set('publish', {
        code: 'muted',
        message: 'x',
        temporary: true,
        retry_after_ms: 60_000,
      });
      await say(page, '你好');
      await until(
        'the sentence',
        async () => (await notice(page)) === '你已被禁言。请 60 秒后再试。',
      );
    },
    { query: '&lang=zh' },
  );

  await test(
    'a telephone: sheets and the box fit',
    async (page, server) => {
      server.populate(
        'r',
        Array.from({ length: 90 }, (_, n) => ({ user: `m${n}`, nick: `成员 ${n}` })),
      );
      await page.locator('[title="Comment display"]').click();
      const box = await page.locator('.settings').boundingBox();
      assert(box.x >= 0 && box.x + box.width <= SIZES[1].width, 'the sheet fits');
      if (screens) await page.screenshot({ path: `${screens}/settings-390.png` });
      await page.keyboard.press('Escape');
      await page.locator('.chip').click();
      await until('a page of people', async () => (await page.locator('.person').count()) === 24);
      if (screens) await page.screenshot({ path: `${screens}/members-390.png` });
      await page.locator('.members footer button').click();
      await until(
        'the next page',
        async () => (await page.locator('.person').first().textContent()) === '成员 23',
      );
      assertEqual(
        await page.evaluate(() => document.documentElement.scrollWidth),
        SIZES[1].width,
        'page width',
      );
    },
    { viewport: SIZES[1] },
  );

  await test('a stranger’s page needs one script tag, and decides by attributes', async (page, server) => {
    const host = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(`<!doctype html><link rel="icon" href="data:,">
        <script type="module" src="${server.url}chat-room.js"></script>
        <chat-room room="a" name="Zoë" lang="en"></chat-room>`);
    });
    await new Promise((resolve) => host.listen(0, '127.0.0.1', resolve));
    try {
      await page.goto(`http://127.0.0.1:${host.address().port}/`);
      await untilLive(page);
      await say(page, 'from another origin');
      await until('the message', async () => (await texts(page)).includes('from another origin'));
      await page.evaluate(() => document.querySelector('chat-room').setAttribute('room', 'b'));
      await until(
        'the other room',
        async () => (await page.locator('.title b').textContent()) === 'b',
      );
      await untilLive(page);
      assertEqual(await texts(page), [], 'texts of the other room');
      assertEqual(server.peopleIn('a'), [], 'people left behind');
      await page.evaluate(() => document.querySelector('chat-room').remove());
      await until('the end of the connection', () => server.peopleIn('b').length === 0);
    } finally {
      host.closeAllConnections?.();
      host.close();
    }
  });

  await test('with everything open in a flood there are at most 600 nodes', async (page, server) => {
    server.populate(
      'r',
      Array.from({ length: 90 }, (_, n) => ({ user: `m${n}`, nick: `m${n}` })),
    );
    server.flood('r', 100, crowdLine);
    await page.waitForTimeout(5_000);
    await page.locator('.log').hover();
    await page.mouse.wheel(0, -400);
    await page.locator('.chip').click();
    await page.locator('[title="Comment display"]').click();
    await page.locator('[title="Quick reactions"]').click();
    let most = 0;
    for (let n = 0; n < 10; ++n) {
      most = Math.max(most, await countNodes(page));
      await page.waitForTimeout(300);
    }
    server.flood('r', 0);
    assert(most <= 600, `${most} nodes`);
    return `${most} nodes`;
  });
}
