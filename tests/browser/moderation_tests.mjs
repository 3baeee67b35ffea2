// Keeping order on the page, against our own server: the first in a room owns it.

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

export async function moderationTests(context) {
  const { browser, server } = context;
  const test = pairTests(context, 'moderation');
  const choose = async (page, text, label) => {
    await page.locator('.row', { hasText: text }).click({ button: 'right' });
    await page.getByRole('menuitem', { name: label, exact: true }).click();
  };
  const notice = (page) => page.locator('.notice').textContent();

  await test('an owner mutes, and lets speak again', async (alice, bob) => {
    await say(bob, 'noise');
    await seen(alice, 'noise');
    await choose(alice, 'noise', 'Mute for 10 min');
    await until('the notice', async () =>
      (await texts(bob, 'system')).some((text) => text.includes('was muted')),
    );
    await say(bob, 'more noise');
    await until('the refusal', async () => (await notice(bob)) !== '');
    assert(!(await texts(alice)).includes('more noise'), 'it was not said');
    await choose(alice, 'noise', 'Let speak again');
    await until('the notice', async () =>
      (await texts(bob, 'system')).some((text) => text.includes('may speak')),
    );
  });

  await test('a message is pinned, taken back, and its author removed', async (alice, bob) => {
    await say(alice, 'rules: be kind');
    await say(bob, 'rude');
    await seen(alice, 'rude');
    await choose(alice, 'rules: be kind', 'Pin the message');
    const pinned = bob.locator('.pinned', { hasText: 'Alice: rules: be kind' });
    await until('the pin', () => pinned.isVisible());
    await choose(alice, 'rude', 'Take the message back');
    await until('the recall', async () => !(await texts(bob)).includes('rude'));
    await say(bob, 'rude again');
    await seen(alice, 'rude again');
    await choose(alice, 'rude again', 'Ban');
    await until('the banner', async () => await bob.locator('.banner:not([hidden])').isVisible());
    await choose(alice, 'rude again', 'Remove all messages');
    await until('the clearing', async () => !(await texts(alice)).includes('rude again'));
  });

  await test('what the filter holds waits, is released, and rejected', async (alice, bob) => {
    await say(bob, 'this is holdme one');
    await until('the refusal', async () => (await notice(bob)).includes('moderator'));
    assertEqual(await bob.locator('textarea').inputValue(), '', 'it is not said again');
    await say(bob, 'this is holdme two');
    assert(!(await texts(alice)).includes('this is holdme one'), 'it was not said');
    await alice.locator('.desk-open').click();
    await until('two of them', async () => (await alice.locator('.held li').count()) === 2);
    await alice.locator('.held li', { hasText: 'one' }).getByText('Release').click();
    await seen(bob, 'this is holdme one');
    await alice.locator('.held li', { hasText: 'two' }).getByText('Reject').click();
    await until('the news', async () =>
      (await texts(bob, 'system')).some((text) => text.includes('was rejected')),
    );
    await until('an empty list', async () => !(await alice.locator('.held').isVisible()));
    await alice.keyboard.press('Escape');
    await say(bob, 'this is MaskMe, friends');
    await seen(alice, 'this is ******, friends');
  });

  await test('an owner switches slow mode on, and a moderator is made', async (alice, bob) => {
    await say(bob, 'hello');
    await seen(alice, 'hello');
    await alice.locator('.desk-open').click();
    await alice.locator('.switches select').selectOption('5');
    await until('slow mode', async () => await bob.locator('.slow').isVisible());
    await alice.keyboard.press('Escape');
    await choose(alice, 'hello', 'Make a moderator');
    await until('the news', async () =>
      (await texts(bob, 'system')).some((text) => text.includes('is now Mod')),
    );
    await say(alice, 'from above');
    await seen(bob, 'from above');
    await bob.locator('.row', { hasText: 'from above' }).click({ button: 'right' });
    await bob.locator('.menu button', { hasText: 'Remove from the room' }).click();
    await until('the refusal', async () => await bob.locator('.menu .refusal').isVisible());
  });

  const change = (page, policy) =>
    page.evaluate(
      (fields) => document.querySelector('chat-room').chat.command('set_policy', fields),
      { policy },
    );

  await test('a hand is raised, seen and let speak', async (alice, bob) => {
    await change(alice, { moderated: true, hands: 5 });
    await say(bob, 'may I?');
    await until('the refusal', async () => (await notice(bob)) !== '');
    await bob.locator('.hand').click();
    await until('the place', async () =>
      (await bob.locator('.hand').textContent()).includes('(1)'),
    );
    await until('the hand', async () =>
      (await alice.locator('.desk-open').textContent()).includes('1'),
    );
    await alice.locator('.desk-open').click();
    await alice.locator('.hands button', { hasText: 'Let speak' }).click();
    await until('the role', async () =>
      (await texts(bob, 'system')).some((text) => text.includes('is now Speaker')),
    );
    await say(bob, 'thank you');
    await seen(alice, 'thank you');
    assert(!(await bob.locator('.hand').isVisible()), 'a speaker has no hand to raise');
  });

  await test('a full room has a line in front of it', async (alice, bob) => {
    await change(alice, { max_members: 2, line_length: 5 });
    const room = new URL(alice.url()).searchParams.get('room');
    const carol = await openPage(browser, roomUrl(server, room, 'Carol'));
    try {
      const banner = carol.locator('.banner');
      await until('full', async () => (await banner.textContent()).includes('is full'));
      await banner.locator('button', { hasText: 'Wait in line' }).click();
      await until('the place', async () => (await banner.textContent()).includes('number 1'));
      assertEqual(await carol.locator('.me').textContent(), 'Carol', 'who waits');
      await bob.evaluate(() => document.querySelector('chat-room').chat.leave());
      await untilLive(carol);
      await say(carol, 'at last');
      await seen(alice, 'at last');
    } finally {
      await carol.context().close();
    }
  });

  await test('a room asks for its password, once', async (alice, bob) => {
    await alice.locator('.desk-open').click();
    await alice.locator('.switches input[type=password]').fill('sesame');
    await alice.locator('.switches input[type=password]').press('Enter');
    await until('the password', () =>
      bob.evaluate(() => document.querySelector('chat-room').chat.info.policy.has_password),
    );
    await alice.keyboard.press('Escape');
    await bob.reload();
    const banner = bob.locator('.banner');
    await until('the question', async () =>
      (await banner.textContent()).includes('asks for its password'),
    );
    await banner.locator('input').fill('tulip');
    await banner.locator('button').click();
    await until('the question', async () => await banner.locator('input').isVisible());
    await banner.locator('input').fill('sesame');
    await banner.locator('input').press('Enter');
    await untilLive(bob);
    await say(bob, 'at last');
    await seen(alice, 'at last');
  });

  await test('rules are shown as they are, and a password is taken away again', async (alice, bob) => {
    const box = (label) => alice.locator('.switches label', { hasText: label }).locator('input');
    const has = (page) =>
      page.evaluate(() => document.querySelector('chat-room').chat.info.policy.has_password);
    await alice.locator('.desk-open').click();
    const drop = alice.locator('.switches button', { hasText: 'Remove' });
    assert(await drop.isHidden(), 'nothing to remove');
    await alice.locator('.switches input[type=password]').fill('sesame');
    await alice.locator('.switches button', { hasText: 'Save' }).click();
    await until('the password', () => has(bob));
    assertEqual(await alice.locator('.switches input[type=password]').inputValue(), '', 'the box');
    await drop.click();
    await until('none', async () => !(await has(bob)));
    await until('nothing to remove', () => drop.isHidden());
    await change(alice, { slow_mode_s: 7, emote_only: true });
    await until('the change', () => box('Emotes only').isChecked());
    assertEqual(await alice.locator('.switches select').inputValue(), '7', 'of any length');
    await alice.evaluate(() => {
      const { chat } = document.querySelector('chat-room');
      chat.command = () => Promise.reject(Object.assign(new Error('no'), { code: 'forbidden' }));
    });
    await box('Only moderators speak').click();
    await until('the refusal', () => alice.locator('.desk .refusal').isVisible());
    assert(!(await box('Only moderators speak').isChecked()), 'as it is');
  });

  await test('a ban is lifted by who imposed it', async (alice, bob) => {
    await say(bob, 'rude');
    await seen(alice, 'rude');
    await choose(alice, 'rude', 'Ban');
    const banner = bob.locator('.banner:not([hidden])');
    await banner.waitFor();
    await banner.locator('button').click();
    await until('still banned', async () => (await banner.textContent()).includes('banned'));
    await choose(alice, 'rude', 'Lift the ban');
    await banner.locator('button').click();
    await untilLive(bob);
    await say(bob, 'sorry');
    await seen(alice, 'sorry');
  });

  await test('who is blocked is not seen any more, until he is again', async (alice, bob) => {
    await say(alice, 'blah');
    await seen(bob, 'blah');
    await choose(bob, 'blah', 'Block');
    await until('its removal', async () => !(await texts(bob)).includes('blah'));
    await say(alice, 'more of it');
    await seen(alice, 'more of it');
    await say(bob, 'quiet here');
    await seen(bob, 'quiet here');
    assert(!(await texts(bob)).includes('more of it'), 'it is hidden');
  });

  await test('a gift that is given again counts on, in one row', async (alice, bob) => {
    await bob.locator('.field .round').click();
    const rose = bob.locator('.quick .gift').first();
    for (let n = 0; n < 3; n += 1) await rose.click();
    const rows = alice.locator('.row', { hasText: 'gives 🌹' });
    await until('the count', async () =>
      (await rows.evaluateAll((all) => all.map((row) => row.innerHTML).join())).includes('×3'),
    );
    assertEqual(await rows.count(), 1, 'rows');
  });

  await test('likes count up for everybody, and hearts rise', async (alice, bob) => {
    for (let n = 0; n < 5; n += 1) await bob.locator('.like').click();
    assert((await bob.locator('.like .hearts i').count()) > 0, 'his own hearts');
    assert((await bob.locator('.like').textContent()).startsWith('5'), 'his own count at once');
    await until('the count', async () =>
      (await alice.locator('.like').textContent()).startsWith('5'),
    );
    await alice.locator('.like').click();
    for (const page of [alice, bob]) {
      await until('all six', async () =>
        ((await page.locator('.like').getAttribute('aria-label')) ?? '').includes('(6 so far)'),
      );
    }
    assertEqual(await texts(alice), [], 'no line in the chat');
  });

  await test('a busy room says what share of it is shown', async (alice) => {
    const hear = (changed) =>
      alice.evaluate(
        (fields) =>
          document.querySelector('chat-room').chat.take({ event: 'room_state', changed: fields }),
        changed,
      );
    const line = alice.locator('.rate');
    assert(!(await line.isVisible()), 'nothing to say yet');
    const lose = (count) =>
      alice.evaluate(
        (fields) => document.querySelector('chat-room').chat.take({ event: 'gap', ...fields }),
        { reason: 'sampled', from: 1, to: 1, count },
      );
    const lost = async () =>
      (await texts(alice, 'system')).filter((text) => text.includes('left out'));
    const told = (count) => `${count} messages were left out. The room was too busy to show all.`;
    await hear({ rung: 'sample', kept: 200 });
    assertEqual(await line.textContent(), 'Busy: showing 1 of 5 messages', 'the line');
    for (const count of [7, 5, 30]) await lose(count);
    await until('one note', async () => (await lost()).join() === told(42));
    await hear({ rung: 'normal' });
    assert(!(await line.isVisible()), 'all is shown again');
    await hear({ rung: 'sample', kept: 500 });
    await lose(3);
    await until('a note of its own', async () => (await lost()).join() === [told(42), told(3)].join());
  });
}
