// Somebody's card on the page, against our own server: who he is, what profiles.jsonl says of him,
// and what one can do about him. Alice sits at a desk, Bob holds a phone.

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

export async function cardTests(context) {
  const { browser, server } = context;
  const test = pairTests(context, 'cards');
  const row = (page, text) => page.locator('.row', { hasText: text });
  const card = (page) => page.locator('.card');
  const meet = async (page, text) => {
    await row(page, text).locator('.nick').click();
    await card(page).waitFor();
  };
  const pick = (page, label) =>
    card(page).locator('button', { hasText: new RegExp(`^${label}$`) }).click();
  const whispers = (page, text) =>
    until(`"${text}"`, async () => (await texts(page, 'direct')).includes(text));
  /** What sticks out of the card, or out of the page. */
  const tooWide = (page) =>
    page.evaluate(() => {
      const one = document.querySelector('chat-room').shadowRoot.querySelector('.card');
      const { left, right } = one.getBoundingClientRect();
      return [
        one.scrollWidth > one.clientWidth,
        left < 0 || right > innerWidth,
        document.documentElement.scrollWidth > innerWidth,
      ];
    });

  await test('a click on a name says who that is', async (alice, bob) => {
    await say(alice, 'here I am');
    await seen(bob, 'here I am');
    await meet(bob, 'here I am');
    assertEqual(await card(bob).locator('h3').textContent(), 'Alice', 'name');
    assertEqual(await card(bob).locator('small').textContent(), 'Owner', 'role');
    await card(bob).locator('.profile p').waitFor();
    const about = await card(bob).locator('.profile p').textContent();
    assert(about.startsWith('Keeps the lamps. <b>Ask me</b>'), about);
    const fields = await card(bob)
      .locator('dl')
      .evaluate((list) => [...list.children].map((node) => node.textContent));
    const link = 'example.org/alice?a=1&b=2';
    const said = ['city', 'Lisbon', 'lamps', '7', 'site', link, 'awake', 'true'];
    assertEqual(fields, said, 'fields');
    const { href, rel, target } = await card(bob)
      .locator('a')
      .evaluate(({ href, rel, target }) => ({ href, rel, target }));
    assertEqual([href, target], [`https://${link}`, '_blank'], 'the link');
    assert(rel.includes('noopener') && rel.includes('noreferrer'), rel);
    assertEqual(await tooWide(bob), [false, false, false], 'width');
    await bob.keyboard.press('Escape');
    assertEqual(await card(bob).count(), 0, 'closed by Escape');
    const focused = () =>
      bob.evaluate(() => document.querySelector('chat-room').shadowRoot.activeElement.className);
    assert((await focused()).startsWith('log'), 'the focus is in the list');
  });

  await test('whatever stands in a profile stays text', async (alice, bob, room) => {
    const eve = await openPage(browser, roomUrl(server, room, 'Eve'));
    await untilLive(eve);
    await say(eve, 'look me up');
    for (const page of [alice, bob]) {
      await seen(page, 'look me up');
      await meet(page, 'look me up');
      await card(page).locator('dd').first().waitFor();
      const values = await card(page)
        .locator('dd')
        .evaluateAll((all) => all.map((node) => node.textContent));
      assertEqual(values, ['javascript:alert(1)', '<script>1</script>'], 'values');
      assertEqual(await card(page).locator('a, img, script').count(), 0, 'alien');
      assertEqual(await tooWide(page), [false, false, false], 'width');
    }
    await eve.context().close();
  });

  await test('a whisper goes on until it is ended', async (alice, bob, room) => {
    const carol = await openPage(browser, roomUrl(server, room, 'Carol Ann'));
    await untilLive(carol);
    await say(carol, 'hello');
    await seen(bob, 'hello');
    await meet(bob, 'hello');
    await pick(bob, 'Whisper');
    const chip = bob.locator('.reply');
    assertEqual(await chip.textContent(), 'Whisper to Carol Ann', 'to whom');
    for (const text of ['psst', 'and psst again']) {
      await say(bob, text);
      await whispers(bob, text);
      await whispers(carol, text);
    }
    await row(carol, 'and psst again').locator('.nick').click();
    assertEqual(await card(carol).locator('h3').textContent(), 'Bob', 'who whispers');
    await pick(carol, 'Whisper');
    await say(carol, 'I hear you');
    await whispers(bob, 'I hear you');
    await bob.locator('textarea').press('Escape');
    assertEqual(await chip.count(), 0, 'ended by Escape');
    await say(bob, 'aloud');
    await seen(alice, 'aloud');
    assertEqual(await texts(alice, 'direct'), [], 'nothing for her');
    assertEqual((await texts(alice)).join(), 'hello,aloud', 'nothing slipped out');
    assertEqual(carol.complaints, [], 'complaints');
    await carol.context().close();
  });

  await test('a mention goes into the box', async (alice, bob) => {
    await say(alice, 'call me');
    await seen(bob, 'call me');
    await meet(bob, 'call me');
    await pick(bob, 'Mention');
    assertEqual(await card(bob).count(), 0, 'the card is gone');
    assertEqual(await bob.locator('textarea').inputValue(), '@Alice ', 'the box');
    await bob.keyboard.type('yes?');
    await bob.keyboard.press('Enter');
    await until('the call', () => alice.locator('.row.mention').isVisible());
  });

  await test('who is blocked stands in a list, and is let in from either place', async (alice, bob) => {
    await say(alice, 'blah');
    await seen(bob, 'blah');
    await meet(bob, 'blah');
    await pick(bob, 'Block');
    await until('its removal', async () => !(await texts(bob)).includes('blah'));
    await until('the note', async () =>
      (await texts(bob, 'system')).some((text) => text.startsWith('You no longer see Alice.')),
    );
    await bob.locator('.me').click();
    assertEqual(await bob.locator('.blocked li bdi').allTextContents(), ['Alice'], 'the list');
    await bob.keyboard.press('Escape');
    await bob.locator('.bar .round').last().click();
    await bob.locator('.person', { hasText: 'Alice' }).click();
    assertEqual(await card(bob).locator('small').textContent(), 'Owner · Blocked', 'said so');
    await pick(bob, 'Unblock');
    await bob.locator('.members').waitFor();
    await bob.keyboard.press('Escape');
    await say(alice, 'hello again');
    await seen(bob, 'hello again');
    await bob.locator('.me').click();
    assert(await bob.locator('.blocked', { hasText: 'nobody' }).isVisible(), 'nobody is left');
    await bob.keyboard.press('Escape');
  });

  await test('moderators keep order from a card, and others do not', async (alice, bob) => {
    await alice.locator('.chip').click();
    await alice.locator('.person', { hasText: 'Bob' }).click();
    assertEqual(await card(alice).locator('.profile p').textContent(), 'just a line', 'a text');
    await pick(alice, 'Mute for 10 min');
    await alice.locator('.members').waitFor();
    await say(bob, 'let me');
    await until('the refusal', async () =>
      (await bob.locator('.notice').textContent()).startsWith('You are muted in this room.'),
    );
    await alice.locator('.person', { hasText: 'Alice' }).click();
    assertEqual(await card(alice).locator('.deeds').count(), 0, 'nothing to do about oneself');
    await alice.keyboard.press('Escape');
    await alice.locator('.members').waitFor();
    await bob.locator('.chip').click();
    await bob.locator('.person', { hasText: 'Alice' }).click();
    const labels = await card(bob).locator('.deeds button').allTextContents();
    assertEqual(labels, ['Whisper', 'Mention', 'Block'], 'no more for him');
    await bob.keyboard.press('Escape');
  });

  await test('the keyboard alone gets there and back', async (alice, bob) => {
    await say(bob, 'over here');
    await seen(alice, 'over here');
    await alice.locator('.log').focus();
    await alice.keyboard.press('ArrowUp');
    await alice.keyboard.press('Enter');
    await alice.locator('.menu').waitFor();
    const focused = () =>
      alice.evaluate(() => document.querySelector('chat-room').shadowRoot.activeElement.textContent);
    for (let n = 0; n < 9 && (await focused()) !== 'Who is this?'; ++n) {
      await alice.keyboard.press('ArrowDown');
    }
    await alice.keyboard.press('Enter');
    await card(alice).waitFor();
    assertEqual(await alice.locator('.menu').count(), 0, 'in its place');
    assertEqual(await focused(), 'Whisper', 'the first deed has the focus');
    await alice.keyboard.press('Tab');
    await alice.keyboard.press('Tab');
    assertEqual(await focused(), 'Block', 'the third');
    await alice.keyboard.press('Escape');
    assertEqual(await card(alice).count(), 0, 'closed');
    const back = await alice.evaluate(
      () => document.querySelector('chat-room').shadowRoot.activeElement.className,
    );
    assertEqual(back, 'act', 'and back at the row');
  });
}
