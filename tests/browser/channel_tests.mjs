// Channels on the page, against our own server: tabs, one timeline of several, switching, dots,
// what is for others, roles in one channel.

import { assert, assertEqual, say, seen, texts, until, untilLive } from './harness.mjs';
import { pairTests } from './pair.mjs';

export async function channelTests(context) {
  const test = pairTests(context, 'channels', async (alice) => {
    await open(alice, 'lounge');
    await open(alice, 'crew', 'moderator');
  });
  const open = (page, channel, access) =>
    page.evaluate(
      (fields) => document.querySelector('chat-room').chat.command('open_channel', fields),
      { channel, access },
    );
  const sayIn = (page, channel, text) =>
    page.evaluate(
      async ([channel, text]) => {
        const { chat } = document.querySelector('chat-room');
        if (!chat.channels.isOn(channel)) await chat.channels.subscribe(channel);
        await chat.publish(text, { channel });
      },
      [channel, text],
    );
  const joined = (page) =>
    page.evaluate(() => document.querySelector('chat-room').chat.channels.joined);
  const tab = (page, name) => page.locator(`.tab[data-name="${name}"]`);
  const unread = (page, name) => tab(page, name).getAttribute('data-unread');

  await test('a channel is looked into, with what was said there before', async (alice, bob) => {
    await sayIn(alice, 'main', 'in main');
    await sayIn(alice, 'lounge', 'said before');
    await seen(bob, 'in main');
    assert(!(await texts(bob)).includes('said before'), 'he is not on it');
    await tab(bob, 'lounge').click();
    await seen(bob, 'said before');
    assertEqual(await texts(bob), ['said before'], 'only that channel');
    await say(bob, 'hello lounge');
    await seen(alice, 'hello lounge');
    const label = alice.locator('.row', { hasText: 'hello lounge' }).locator('.nick');
    assertEqual(await label.getAttribute('data-channel'), 'lounge', 'where it was said');
    await tab(bob, '').click();
    await seen(bob, 'in main');
    assertEqual(await texts(bob), ['in main', 'said before', 'hello lounge'], 'one timeline');
  });

  await test('from one that is only looked into to the next is one operation', async (alice, bob) => {
    await open(alice, 'games');
    await until('the tab', async () => (await tab(bob, 'games').count()) === 1);
    const sent = await opsOf(bob);
    await tab(bob, 'lounge').click();
    await until('the lounge', async () => (await joined(bob)).join() === 'main,lounge');
    await sayIn(alice, 'games', 'missed this');
    await tab(bob, 'games').click();
    await until('the games', async () => (await joined(bob)).join() === 'main,games');
    await seen(bob, 'missed this');
    assertEqual(await sent(), ['subscribe', 'switch'], 'operations');
    await say(bob, 'playing');
    await tab(bob, 'lounge').click();
    await until('both', async () => (await joined(bob)).join() === 'main,games,lounge');
    assertEqual(await sent(), ['subscribe', 'switch', 'subscribe'], 'where he spoke he stays');
    await tab(bob, 'games').click();
    await bob.locator('.leave').click();
    await until('the leave', async () => (await joined(bob)).join() === 'main,lounge');
  });

  await test(
    'what is said elsewhere is a dot on its tab, until it is read',
    async (alice, bob) => {
      assertEqual(await joined(bob), ['main', 'lounge'], 'joined by the attribute');
      await tab(bob, 'main').click();
      await sayIn(alice, 'lounge', 'over here');
      await until('the dot', async () => (await unread(bob, 'lounge')) === '1');
      await sayIn(alice, 'lounge', '@Bob, come');
      await until('two', async () => (await unread(bob, 'lounge')) === '2');
      assert((await tab(bob, 'lounge').getAttribute('class')).includes('called'), 'he was called');
      assertEqual(await texts(bob), [], 'main has nothing');
      await sayIn(alice, 'main', 'in main');
      await seen(bob, 'in main');
      await tab(bob, 'lounge').click();
      await until('none', async () => (await unread(bob, 'lounge')) === null);
      assertEqual(await texts(bob), ['over here', '@Bob, come'], 'texts');
    },
    { query: '&channels=lounge' },
  );

  await test('a channel for others is locked, and opens with a role in it', async (alice, bob) => {
    assertEqual(await tab(bob, 'crew').locator('svg').count(), 1, 'the lock');
    await tab(bob, 'crew').click();
    await until('the refusal', async () =>
      (await bob.locator('.notice').textContent()).includes('for its own members'),
    );
    assertEqual(await joined(bob), ['main'], 'he is not on it');
    await say(bob, 'let me in');
    await seen(alice, 'let me in');
    await tab(alice, 'crew').click();
    await say(alice, 'secret');
    await seen(alice, 'secret');
    await alice.evaluate(() =>
      document
        .querySelector('chat-room')
        .chat.command('set_role', { user: 'Bob', role: 'moderator', channel: 'crew' }),
    );
    await until(
      'the lock is gone',
      async () => (await tab(bob, 'crew').locator('svg').count()) === 0,
    );
    await tab(bob, 'crew').click();
    await seen(bob, 'secret');
    assert((await tab(bob, 'crew').getAttribute('aria-label')).includes('Mod'), 'his role there');
    assertEqual(await bob.locator('.me bdi').getAttribute('data-badge'), 'Mod', 'in the box too');
    await say(bob, 'I am in');
    await seen(alice, 'I am in');
    assertEqual(
      await alice
        .locator('.row', { hasText: 'I am in' })
        .locator('.nick')
        .getAttribute('data-badge'),
      'Mod',
      'his role there, on what he says',
    );
    await alice.evaluate(() =>
      document
        .querySelector('chat-room')
        .chat.command('set_role', { user: 'Bob', role: 'visitor', channel: 'crew' }),
    );
    await until('he is off it', async () => (await joined(bob)).join() === 'main');
    assert(!(await texts(bob)).includes('secret'), 'nothing of it is shown any more');
    assertEqual(await tab(bob, 'crew').locator('svg').count(), 1, 'the lock again');
  });

  await test('an owner opens and closes channels at the desk', async (alice, bob) => {
    await alice.locator('.desk-open').click();
    const form = alice.locator('.desk form', { has: alice.locator('select') });
    await form.locator('input').fill('stage <b>1</b>');
    await form.locator('select').selectOption('speaker');
    await form.locator('button').click();
    await until('the tab', async () => (await tab(bob, 'stage <b>1</b>').count()) === 1);
    assertEqual(await tab(bob, 'stage <b>1</b>').locator('svg').count(), 1, 'it is locked');
    assertEqual(await tab(bob, 'stage <b>1</b>').locator('b').count(), 0, 'its name is text');
    await alice.locator('.channels li', { hasText: 'lounge' }).locator('button').click();
    await tab(bob, 'lounge').click();
    await say(bob, 'still open?');
    await until('the refusal', async () =>
      (await bob.locator('.notice').textContent()).includes('closed'),
    );
  });

  await test('tabs are moved through with arrow keys', async (alice, bob) => {
    await tab(bob, 'main').focus();
    await bob.keyboard.press('ArrowRight');
    await bob.keyboard.press('Enter');
    await until('the lounge', async () => (await joined(bob)).join() === 'main,lounge');
    const focused = () =>
      bob.evaluate(() => document.querySelector('chat-room').shadowRoot.activeElement.dataset.name);
    await until('the focus', async () => (await focused()) === 'lounge');
    assertEqual(await tab(bob, 'lounge').getAttribute('aria-selected'), 'true', 'selected');
    assertEqual(await tab(bob, 'main').getAttribute('aria-selected'), 'false', 'not selected');
  });

  await test('what was read back is not shown again after a lost connection', async (alice, bob) => {
    await say(alice, 'in main');
    await seen(bob, 'in main');
    await sayIn(alice, 'lounge', 'before');
    await tab(bob, 'lounge').click();
    await seen(bob, 'before');
    await say(bob, 'kept'); // or it would be given up
    await seen(bob, 'kept');
    await tab(bob, '').click();
    // As if nothing had come live since: what follows is asked for from there.
    await bob.evaluate(() => (document.querySelector('chat-room').chat.position.offset = 1));
    await bob.evaluate(() => document.querySelector('chat-room').client.rename('Bobby'));
    await untilLive(bob);
    await sayIn(alice, 'lounge', 'after');
    await seen(bob, 'after');
    assertEqual(await texts(bob), ['in main', 'before', 'kept', 'after'], 'texts');
  });

  await test(
    'a lost connection brings all channels back, each message once',
    async (alice, bob, room) => {
      await sayIn(alice, 'lounge', 'one');
      await seen(bob, 'one');
      await bob.context().setOffline(true);
      await bob.evaluate(() => document.querySelector('chat-room').client.rename('Bobby'));
      await sayIn(alice, 'lounge', 'two');
      await bob.context().setOffline(false);
      await untilLive(bob, 40_000);
      await seen(bob, 'two');
      await sayIn(alice, 'lounge', 'three');
      await seen(bob, 'three');
      assertEqual(await texts(bob), ['one', 'two', 'three'], `texts of ${room}`);
      bob.complaints.length = 0; // of the network that was gone
    },
    { query: '&channels=lounge' },
  );
}

/** What it asks for from now on, of what is about channels. */
async function opsOf(page) {
  const ops = ['subscribe', 'unsubscribe', 'switch'];
  await page.evaluate((ops) => {
    const { chat } = document.querySelector('chat-room');
    const real = chat.command.bind(chat);
    globalThis.asked = [];
    chat.command = (op, fields) => {
      if (ops.includes(op)) globalThis.asked.push(op);
      return real(op, fields);
    };
  }, ops);
  return () => page.evaluate(() => globalThis.asked);
}
