// What the page owes on any server, ours or the stand-in: reading, sending, safety of what people
// write, coming back after a restart, and a flood at both sizes.

import WebSocket from 'ws';
import { Crowd } from './crowd.mjs';
import {
  SIZES,
  Skip,
  assert,
  assertEqual,
  countNodes,
  heapBytes,
  openPage,
  roomUrl,
  say,
  texts,
  until,
  untilLive,
} from './harness.mjs';

const FLOOD_PER_S = 100;
const NODES_MAX = 600;
const HEAP_GROWTH_MAX = 10 * 1024 * 1024;
const chatUrl = (server) => server.url.replace('http', 'ws') + 'chat';

/** Texts that a careless page would run, turn around or take apart. */
const DANGEROUS = [
  '<script>globalThis.harmed = 1</script>',
  '<img src=x onerror="globalThis.harmed = 2">',
  '&lt;b&gt; {{7*7}} ${7*7} %3Cscript%3E',
  'مرحبا بالعالم 123 abc',
  'abc \u202Egnp.exe\u202C tail',
  '👩‍👩‍👧‍👦🏳️‍🌈👨🏽‍💻',
  'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞',
  'x'.repeat(2_048),
];

export async function pageTests({ runner, browser, server, seconds, restart, screens }) {
  let rooms = 0;
  const newRoom = () => `test/${++rooms}-${Date.now() % 100_000}`;

  await runner.test(
    'two people read each other, and each sees his own once and marked',
    async () => {
      const room = newRoom();
      const alice = await openPage(browser, roomUrl(server, room, 'Alice'));
      const bob = await openPage(browser, roomUrl(server, room, 'Bob', '&x=1'), {
        viewport: SIZES[1],
      });
      await Promise.all([untilLive(alice), untilLive(bob)]);
      await say(alice, 'hello from Alice');
      await say(bob, '你好，Alice');
      for (const page of [alice, bob]) {
        await until('both messages', async () => (await texts(page)).length === 2);
        assertEqual(
          (await texts(page)).sort(),
          ['hello from Alice', '你好，Alice'].sort(),
          'texts',
        );
      }
      assertEqual(
        await alice.locator('.row.own .text').allTextContents(),
        ['hello from Alice'],
        'own rows',
      );
      await alice.locator('.bullet.own:not([hidden])').first().waitFor({ state: 'attached' });
      assertEqual(await alice.locator('.chip span').textContent(), '2', 'online');
      assertEqual([alice.complaints, bob.complaints], [[], []], 'complaints');
      await alice.context().close();
      await bob.context().close();
    },
  );

  await runner.test('whatever people write stays text', async () => {
    const room = newRoom();
    const page = await openPage(browser, roomUrl(server, room, '<b>Eve</b>'));
    const reader = await openPage(browser, roomUrl(server, room, 'Reader'));
    await Promise.all([untilLive(page), untilLive(reader)]);
    for (const text of DANGEROUS) {
      await say(page, text);
      await until('the text', async () => (await texts(reader)).includes(text));
      await until(
        'its bullet',
        () =>
          reader
            .locator('.bullet')
            .evaluateAll((all, text) => all.some((b) => b.textContent === text), text),
        6_000,
      );
    }
    assertEqual(await texts(reader), DANGEROUS, 'texts');
    const harm = await reader.evaluate(() => {
      const root = document.querySelector('chat-room').shadowRoot;
      return {
        harmed: globalThis.harmed ?? 0,
        alien: root.querySelectorAll('script, img, b:not(.title b)').length,
      };
    });
    assertEqual(harm, { harmed: 0, alien: 0 }, 'harm');
    assertEqual(
      await reader.locator('.row.message .nick').first().textContent(),
      '<b>Eve</b>',
      'nick',
    );
    const sides = await reader
      .locator('.row.message .text')
      .evaluateAll((all) => all.map((node) => getComputedStyle(node).direction));
    assertEqual([sides[0], sides[3]], ['ltr', 'rtl'], 'directions');
    const wide = await reader.evaluate(() => {
      const log = document.querySelector('chat-room').shadowRoot.querySelector('.log');
      return log.scrollWidth - log.clientWidth;
    });
    assertEqual(wide, 0, 'sideways scrolling');
    assertEqual([page.complaints, reader.complaints], [[], []], 'complaints');
    await page.context().close();
    await reader.context().close();
  });

  await runner.test('a reload shows the recent messages, in order', async () => {
    const room = newRoom();
    const crowd = await Crowd.gather(WebSocket, chatUrl(server), room, 1);
    const expected = Array.from({ length: 12 }, (_, n) => `line ${n}`);
    for (const text of expected) crowd.say(text);
    const page = await openPage(browser, roomUrl(server, room, 'Late'));
    await untilLive(page);
    await until('recent messages', async () => (await texts(page)).length === expected.length);
    assertEqual(await texts(page), expected, 'texts');
    assertEqual(page.complaints, [], 'complaints');
    crowd.leave();
    await page.context().close();
  });

  await runner.test('the members sheet lists who is here', async () => {
    const room = newRoom();
    const crowd = await Crowd.gather(WebSocket, chatUrl(server), room, 5);
    const page = await openPage(browser, roomUrl(server, room, 'Host'));
    await untilLive(page);
    await page.locator('.chip').click();
    await until('six people', async () => (await page.locator('.person').count()) === 6);
    await page.keyboard.press('Escape');
    assertEqual(await page.locator('.person').count(), 0, 'closed sheet');
    assertEqual(page.complaints, [], 'complaints');
    crowd.leave();
    await page.context().close();
  });

  await runner.test('a new nickname is what others see from then on', async () => {
    const room = newRoom();
    const page = await openPage(browser, roomUrl(server, room, 'Old'));
    await untilLive(page);
    await page.locator('.me').click();
    await page.locator('.rename input').fill('新名字');
    await page.locator('.rename input').press('Enter');
    await until('the nick', async () => (await page.locator('.me bdi').textContent()) === '新名字');
    await untilLive(page);
    await say(page, 'who am I');
    await until('the message', async () => (await texts(page)).includes('who am I'));
    assertEqual(await page.locator('.row.own .nick').last().textContent(), '新名字', 'nick');
    assertEqual(page.complaints, [], 'complaints');
    await page.context().close();
  });

  for (const [how, signal] of [
    ['drained', 'SIGTERM'],
    ['killed', 'SIGKILL'],
  ]) {
    await runner.test(`the server is ${how} and started again: the page comes back`, async () => {
      if (!restart) throw new Skip('the server is not ours to restart (--url)');
      const page = await openPage(browser, roomUrl(server, newRoom(), 'Phoenix'));
      await comesBack(page, restart, signal);
      await page.context().close();
    });
  }

  await runner.test('control: bullets that do overlap are seen', async () => {
    const page = await openPage(browser, roomUrl(server, newRoom(), 'Watcher'));
    await untilLive(page);
    await say(page, 'the first one');
    await page.locator('.bullet:not([hidden])').waitFor({ state: 'attached' });
    await page.evaluate(() => {
      const air = document.querySelector('chat-room').shadowRoot.querySelector('.air');
      const twin = air.querySelector('.bullet').cloneNode(true);
      twin.style.transform = 'translateX(300px)';
      air.append(twin, twin.cloneNode(true));
    });
    await startSampling(page);
    await page.waitForTimeout(300);
    const seen = await page.evaluate(() => globalThis.sampling.stop());
    assert(seen.worst > 50, `worst ${seen.worst}`);
    await page.context().close();
  });

  for (const viewport of SIZES) {
    const size = `${viewport.width}x${viewport.height}`;
    await runner.test(`${FLOOD_PER_S} messages a second for ${seconds} s at ${size}`, async () => {
      const room = newRoom();
      const page = await openPage(browser, roomUrl(server, room, 'Watcher'), { viewport });
      await untilLive(page);
      const crowd = await Crowd.gather(WebSocket, chatUrl(server), room);
      try {
        return await flood({ page, crowd, seconds, size, screens });
      } finally {
        crowd.leave();
        await page.context().close();
      }
    });
  }
}

/** What was written meanwhile is sent, nothing twice, nothing lost from the list. */
async function comesBack(page, restart, signal) {
  await untilLive(page);
  await say(page, 'before');
  await until('the first message', async () => (await texts(page)).includes('before'));
  await restart.stop({ signal });
  await page.locator('.banner:not([hidden])').waitFor();
  const banner = await page.locator('.banner span').textContent();
  assert(/Reconnecting in \d+ s\./.test(banner), `the banner counts down: ${banner}`);
  await page.waitForTimeout(1_500);
  await say(page, 'written while away');
  await restart.start();
  await untilLive(page, 40_000);
  const late = async () => (await texts(page)).includes('written while away');
  await until('the late message', late, 20_000);
  await say(page, 'after');
  await until('the last message', async () => (await texts(page)).includes('after'));
  assertEqual(await texts(page), ['before', 'written while away', 'after'], 'texts');
  const own = page.complaints.filter((line) => !line.includes('WebSocket connection to'));
  assertEqual(own, [], 'complaints');
}

async function flood({ page, crowd, seconds, size, screens }) {
  crowd.talk(FLOOD_PER_S);
  await page.waitForTimeout(4_000); // pools and caches fill
  await startSampling(page);
  const heapBefore = await heapBytes(page);
  const sentBefore = crowd.sent;
  const end = Date.now() + seconds * 1000;
  let nodes = 0;
  let own = 0;
  while (Date.now() < end) {
    nodes = Math.max(nodes, await countNodes(page));
    if (own < 3) {
      const text = `own message ${++own}`;
      await say(page, text);
      await until(
        'the own message on the stage',
        () =>
          page
            .locator('.bullet.own')
            .evaluateAll((all, text) => all.some((b) => b.textContent === text), text),
        5_000,
      );
    }
    await page.waitForTimeout(500);
  }
  if (screens) await page.screenshot({ path: `${screens}/flood-${size}.png` });
  const heapGrowth = (await heapBytes(page)) - heapBefore;
  const seen = await page.evaluate(() => globalThis.sampling.stop());
  const rate = (crowd.sent - sentBefore) / seconds;
  crowd.stop();
  const summary =
    `${rate.toFixed(0)}/s, ${seen.samples} samples, ${seen.pairs} pairs, ` +
    `worst overlap ${seen.worst.toFixed(1)} px, ` +
    `${seen.most} flying, ${nodes} nodes, heap ${(heapGrowth / 1048576).toFixed(1)} MB`;
  assert(rate > FLOOD_PER_S * 0.9, `the crowd was too slow: ${summary}`);
  assertEqual(crowd.refused, 0, 'refused messages of the crowd');
  assert(seen.samples > seconds && seen.pairs > seconds * 10, `too little was seen: ${summary}`);
  assert(seen.worst <= 0, `bullets overlap: ${summary}`);
  assert(nodes <= NODES_MAX, `too many nodes: ${summary}`);
  assert(heapGrowth <= HEAP_GROWTH_MAX, `the heap grows: ${summary}`);
  assertEqual(page.complaints, [], 'complaints');
  return summary;
}

/** Looks at every bullet ten times a second: in one lane none may touch, and no lane the next. */
function startSampling(page) {
  return page.evaluate(() => {
    const air = document.querySelector('chat-room').shadowRoot.querySelector('.air');
    const seen = { samples: 0, pairs: 0, worst: -Infinity, most: 0 };
    const look = () => {
      const boxes = [...air.querySelectorAll('.bullet:not([hidden])')].map((node) => ({
        lane: Number(node.dataset.lane),
        box: node.getBoundingClientRect(),
      }));
      seen.samples += 1;
      seen.most = Math.max(seen.most, boxes.length);
      boxes.sort((a, b) => a.lane - b.lane || a.box.left - b.box.left);
      for (let i = 1; i < boxes.length; ++i) {
        const [one, two] = [boxes[i - 1], boxes[i]];
        const overlap =
          one.lane === two.lane ? one.box.right - two.box.left : one.box.bottom - two.box.top - 0.5;
        seen.pairs += 1;
        seen.worst = Math.max(seen.worst, overlap);
      }
    };
    const timer = setInterval(look, 100);
    globalThis.sampling = {
      stop: () => {
        clearInterval(timer);
        return seen;
      },
    };
  });
}
