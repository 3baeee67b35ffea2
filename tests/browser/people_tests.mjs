// What people do with each other's messages on the page, against our own server: reading up to
// somewhere, answering, taking back, whispering, blocking; what everybody is; and hostile words in
// every place where the page shows some.

import { ChatdServer } from './chatd_server.mjs';
import {
  assert,
  assertEqual,
  openPage,
  roomUrl,
  say,
  seen,
  texts,
  until,
  untilLive,
} from './harness.mjs';
import { pairTests } from './pair.mjs';

const EVIL = '<img src=x onerror="globalThis.harmed=1">';

export async function peopleTests(context) {
  const { runner, browser, server, binary, webRoot } = context;
  const test = pairTests(context, 'people');
  const row = (page, text) => page.locator('.row', { hasText: text });
  const command = (page, op, fields) =>
    page.evaluate(
      ([op, fields]) => document.querySelector('chat-room').chat.command(op, fields),
      [op, fields],
    );
  const actions = async (page, text) => {
    await row(page, text).hover();
    await page.locator('.act').click();
  };
  const pick = (page, label) => page.locator('.menu button', { hasText: label }).first().click();

  await test('a line stands above what is new since the last visit', async (alice, bob, room) => {
    await say(alice, 'seen');
    await seen(bob, 'seen');
    await until(
      'who read it',
      async () => (await row(alice, 'seen').getAttribute('data-seen')) === 'Read by 1',
    );
    await bob.goto('about:blank');
    await say(alice, 'new one');
    await say(alice, 'new two');
    await bob.goto(roomUrl(server, room, 'Bob'));
    await seen(bob, 'new two');
    const rows = await bob
      .locator('.row:not(.system), .row.divider')
      .evaluateAll((all) => all.map((node) => node.querySelector('.text').textContent));
    assertEqual(rows, ['seen', 'New since your last visit', 'new one', 'new two'], 'rows');
    await until(
      'who read it',
      async () => (await row(alice, 'new two').getAttribute('data-seen')) === 'Read by 1',
    );
    assertEqual(await row(alice, 'new one').getAttribute('data-seen'), null, 'the newest only');
    await bob.waitForTimeout(200);
    await bob.reload();
    await seen(bob, 'new two');
    assertEqual(await bob.locator('.divider').count(), 0, 'nothing is new any more');
  });

  await test('nothing counts as read while nobody looks', async (alice, bob) => {
    await bob.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', {
        get: () => 'hidden',
        configurable: true,
      });
    });
    await say(alice, 'anybody?');
    await seen(bob, 'anybody?');
    await bob.waitForTimeout(2_500);
    assertEqual(await row(alice, 'anybody?').getAttribute('data-seen'), null, 'unread');
    await bob.evaluate(() => {
      delete document.visibilityState;
      document.dispatchEvent(new Event('visibilitychange'));
    });
    await until(
      'read',
      async () => (await row(alice, 'anybody?').getAttribute('data-seen')) !== null,
    );
  });

  await test('an answer shows what it answers, and calls who said it', async (alice, bob) => {
    await say(alice, 'where are we?');
    await seen(bob, 'where are we?');
    await actions(bob, 'where are we?');
    await pick(bob, 'Reply');
    assertEqual(await bob.locator('.reply bdi').textContent(), 'Alice: where are we?', 'the chip');
    await bob.keyboard.press('Escape');
    assertEqual(await bob.locator('.reply').count(), 0, 'dropped by Escape');
    await actions(bob, 'where are we?');
    await pick(bob, 'Reply');
    await say(bob, 'in Lisbon');
    await seen(alice, 'in Lisbon');
    const answer = row(alice, 'in Lisbon');
    assertEqual(
      await answer.locator('.text').getAttribute('data-quote'),
      'Alice: where are we?',
      'the quote',
    );
    assert((await answer.getAttribute('class')).includes('mention'), 'she is called');
    assertEqual(await bob.locator('.reply').count(), 0, 'the chip is gone');
    await say(bob, 'just so');
    await seen(alice, 'just so');
    assertEqual(
      await row(alice, 'just so').locator('.text').getAttribute('data-quote'),
      null,
      'the next one answers nothing',
    );
  });

  await test('one takes back what one said, with the keyboard alone', async (alice, bob) => {
    await say(bob, 'keep');
    await say(bob, 'oops');
    await seen(alice, 'oops');
    await bob.locator('.log').focus();
    await bob.keyboard.press('ArrowUp');
    await bob.keyboard.press('Enter');
    await bob.locator('.menu').waitFor();
    const label = () =>
      bob.evaluate(() => document.querySelector('chat-room').shadowRoot.activeElement.textContent);
    for (let n = 0; n < 9 && (await label()) !== 'Take the message back'; ++n)
      await bob.keyboard.press('ArrowDown');
    await bob.keyboard.press('Enter');
    await until('the recall', async () => (await texts(alice)).join() === 'keep');
    assertEqual(await bob.locator('.menu').count(), 0, 'the menu is closed');
    const others = await bob.evaluate(() => document.activeElement.tagName);
    assertEqual(others, 'CHAT-ROOM', 'the focus is still in the room');
    await actions(alice, 'keep');
    await alice.locator('.menu').waitFor();
    await alice.keyboard.press('Escape');
    assertEqual(await alice.locator('.menu').count(), 0, 'closed by Escape');
  });

  await test('a shield keeps whispers of strangers away', async (alice, bob) => {
    const whisper = async (text) => {
      await say(alice, `/w Bob ${text}`);
      await whispered(alice, text);
    };
    const whispered = (page, text) =>
      until(`"${text}"`, async () => (await texts(page, 'direct')).includes(text));
    await command(bob, 'unblock', { user: 'Alice' }); // an earlier test's, the server remembers
    await whisper('psst');
    await whispered(bob, 'psst');
    await bob.locator('.me').click();
    await bob.locator('.own.sheet input[type=checkbox]').check();
    await bob.waitForTimeout(300);
    await whisper('hello again');
    await say(alice, 'aloud');
    await seen(bob, 'aloud');
    assertEqual(await texts(bob, 'direct'), ['psst'], 'nothing more came');
    await bob.locator('.own.sheet input[type=checkbox]').uncheck();
    await bob.waitForTimeout(300);
    await whisper('and now');
    await whispered(bob, 'and now');
  });

  await test('who is blocked stays so over a reload, and is let in again', async (alice, bob) => {
    await say(alice, 'blah');
    await seen(bob, 'blah');
    await actions(bob, 'blah');
    await pick(bob, 'Block');
    await until('its removal', async () => !(await texts(bob)).includes('blah'));
    await bob.reload();
    await untilLive(bob);
    await say(alice, 'more');
    await say(bob, 'mine');
    await seen(bob, 'mine');
    assertEqual(await texts(bob), ['mine'], 'still not heard');
    await bob.locator('.me').click();
    await bob.locator('.blocked li', { hasText: 'Alice' }).locator('button').click();
    await until('the empty list', () => bob.locator('.blocked', { hasText: 'nobody' }).isVisible());
    await bob.keyboard.press('Escape');
    await say(alice, 'hello again');
    await seen(bob, 'hello again');
  });

  await test('everybody sees what everybody is', async (alice, bob) => {
    await command(alice, 'set_role', { user: 'Bob', role: 'speaker' });
    await until(
      'his own badge',
      async () => (await bob.locator('.me bdi').getAttribute('data-badge')) === 'Speaker',
    );
    await say(bob, 'I speak');
    await say(alice, 'I own');
    await seen(bob, 'I own');
    const badge = (text) => row(bob, text).locator('.nick').getAttribute('data-badge');
    assertEqual([await badge('I speak'), await badge('I own')], ['Speaker', 'Owner'], 'rows');
    await bob.locator('.chip').click();
    await until('the people', async () => (await bob.locator('.person').count()) === 2);
    const roles = await bob
      .locator('.person')
      .evaluateAll((all) => all.map((node) => node.dataset.badge).sort());
    assertEqual(roles, ['Owner', 'Speaker · you'], 'members');
    assert(await bob.locator('.desk-open').isHidden(), 'no desk for him');
    assert(await alice.locator('.desk-open').isVisible(), 'a desk for her');
  });

  await test('slow mode counts down in the box, and ends when it is ended', async (alice, bob) => {
    await command(alice, 'set_policy', { policy: { slow_mode_s: 3 } });
    await until('slow mode', () => bob.locator('.slow').isVisible());
    await say(bob, 'first');
    await seen(alice, 'first');
    await until('the count', async () =>
      /^[123] s$/.test(await bob.locator('.send').textContent()),
    );
    assert(await bob.locator('.send').isDisabled(), 'it waits');
    await bob.locator('textarea').fill('second');
    await bob.locator('textarea').press('Enter');
    assert(!(await texts(alice)).includes('second'), 'not yet');
    await until('the end', () => bob.locator('.send').isEnabled(), 5_000);
    await bob.locator('textarea').press('Enter');
    await seen(alice, 'second');
    await say(alice, 'an owner need not wait');
    await seen(bob, 'an owner need not wait');
    assertEqual(await alice.locator('.send').textContent(), 'Send', 'no count for her');
    await command(alice, 'set_policy', { policy: { slow_mode_s: 60 } });
    await until('the change', async () =>
      (await bob.locator('.slow').textContent()).includes('60'),
    );
    await bob.waitForTimeout(3_200);
    await say(bob, 'third').catch(() => {});
    await until('the count', async () => / s$/.test(await bob.locator('.send').textContent()));
    await command(alice, 'set_policy', { policy: { slow_mode_s: 0 } });
    await until('its end', async () => (await bob.locator('.send').textContent()) === 'Send');
  });

  await test('a mute says how long, and ends in the box when it is lifted', async (alice, bob) => {
    await command(alice, 'mute', { user: 'Bob', for_ms: 600_000 });
    await say(bob, 'let me');
    await until('the sentence', async () =>
      (await bob.locator('.notice').textContent()).startsWith(
        'You are muted in this room. Try again in 10 min.',
      ),
    );
    assertEqual(await bob.locator('.send').textContent(), '10 min', 'on the button');
    await command(alice, 'unmute', { user: 'Bob' });
    await until('the end', async () => (await bob.locator('.send').textContent()) === 'Send');
  });

  await test('several pinned messages are turned over, and one is unpinned', async (alice, bob) => {
    for (const text of ['rule one', 'rule two']) {
      await say(alice, text);
      await seen(bob, text);
      await actions(alice, text);
      await pick(alice, 'Pin the message');
      await until('the pin', async () =>
        (await bob.locator('.pinned').textContent()).includes(text),
      );
    }
    assertEqual(await bob.locator('.pinned .count').textContent(), '2/2', 'which of how many');
    await bob.locator('.pinned .next').click();
    await until('the other', async () =>
      (await bob.locator('.pinned').textContent()).includes('rule one'),
    );
    assertEqual(await bob.locator('.pinned .round').count(), 0, 'he cannot unpin');
    await alice.locator('.pinned .round').click();
    await until('one', async () =>
      (await alice.locator('.pinned').textContent()).includes('rule one'),
    );
    await alice.locator('.pinned .round').click();
    await until('none', () => bob.locator('.pinned').isHidden());
  });

  await test('whatever people write in names, topics, pins and channels stays text', async (alice, bob, room) => {
    const eve = await openPage(browser, roomUrl(server, room, EVIL.slice(0, 60)));
    await untilLive(eve);
    await command(alice, 'set_attribute', { key: 'topic', value: `${EVIL} \u202e gnp` });
    await command(alice, 'open_channel', { channel: '<b>x</b>\u202etxt' });
    await command(alice, 'open_channel', { channel: '"><script>1</script>', access: 'moderator' });
    await say(eve, `${EVIL} {{7*7}}`);
    await seen(alice, `${EVIL} {{7*7}}`);
    await actions(alice, EVIL);
    await pick(alice, 'Pin the message');
    await until('the pin', () => bob.locator('.pinned').isVisible());
    await say(eve, `holdme ${EVIL}`);
    await alice.locator('.desk-open').click();
    await until('it waits', async () => (await alice.locator('.held li').count()) === 1);
    assertEqual(await alice.locator('.held li > span').textContent(), `holdme ${EVIL}`, 'held');
    await alice.keyboard.press('Escape');
    await actions(alice, EVIL);
    await pick(alice, 'Reply');
    await say(alice, 'quoted');
    await seen(bob, 'quoted');
    await actions(bob, EVIL);
    await pick(bob, 'Block');
    await bob.locator('.me').click();
    for (const page of [alice, bob]) {
      const found = await page.evaluate(() => {
        const root = document.querySelector('chat-room').shadowRoot;
        const wide = [...root.querySelectorAll('.chat, .bar, .pinned, .under, .sheet')].filter(
          (node) => node.scrollWidth > node.clientWidth + 1,
        );
        return {
          harmed: globalThis.harmed ?? 0,
          alien: root.querySelectorAll('script, img, b:not(.title b)').length,
          wide: wide.map((node) => node.className),
          page: document.documentElement.scrollWidth - innerWidth,
        };
      });
      assertEqual(found, { harmed: 0, alien: 0, wide: [], page: 0 }, 'harm');
    }
    await eve.context().close();
  });

  await runner.test('people: chatd opens channels and counts no likes if told so', async () => {
    const more = ['--channel', 'lounge', '--channel', 'crew=moderator', '--likes=false'];
    const own = await new ChatdServer(binary, { webRoot, more }).start();
    const page = await openPage(browser, roomUrl(own, 'r', 'Bob'));
    try {
      await untilLive(page);
      await until('the tabs', async () => (await page.locator('.tab').count()) === 3);
      assertEqual(await page.locator('.tab svg').count(), 1, 'one is locked');
      assert(await page.locator('.like').isHidden(), 'no heart');
      assertEqual(page.complaints, [], 'complaints');
    } finally {
      await page.context().close();
      await own.stop();
    }
  });
}
