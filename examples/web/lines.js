// Lines: the one in front of a full room, shown by the banner, and raised hands: a button for
// members, a list with "let speak" for those who may call.

import { el, setText } from './dom.js';
import { isModerator } from './moderator.js';
import { errorSentence } from './sentences.js';

/** What the banner says and does about a full room. Null: nothing special.
 * @returns {[string, string, () => void]|null} */
export function lineOffer(room, words, rejoin) {
  if (room.error?.code !== 'room_full') return null;
  const place = room.places.room;
  // The answer comes as an event, or as a refusal that the room keeps.
  if (place > 0) return [words.standing(place), words.leaveLine, () => room.places.goOut('room')];
  if (room.places.refused) return [words.lineFull, words.rejoin, rejoin];
  return [words.full, words.lineUp, () => room.lineUp('room')];
}

/** Raises and lowers one's hand. */
export class Hand {
  node = el('button', { type: 'button', className: 'hand', hidden: true });

  #words;

  constructor(words) {
    this.#words = words;
  }

  show(room, live) {
    const { policy = {} } = room.info;
    const moderates = isModerator(room);
    const waiting = room.places.waiting.speak;
    this.node.hidden =
      !live || !(policy.hands > 0) || (moderates ? !waiting : room.role === 'speaker');
    const place = room.places.speak;
    setText(
      this.node,
      moderates
        ? this.#words.handsUp(waiting)
        : place > 0
          ? this.#words.handAt(place)
          : this.#words.raiseHand,
    );
    this.node.setAttribute('aria-pressed', String(!moderates && place > 0));
    this.node.onclick = () =>
      moderates ? undefined : place > 0 ? room.places.goOut('speak') : room.lineUp('speak');
  }
}

/** Who raised a hand, for those who may let them speak; null for others. */
export function handsList(room, words, language) {
  if (!isModerator(room) || !(room.places.waiting.speak > 0)) return null;
  const list = el('div', { className: 'hands', role: 'list', aria: { label: words.handsTitle } });
  const act = (op, user) =>
    room
      .command(op, { line: 'speak', user })
      .then(load)
      .catch((error) => list.append(el('p', {}, errorSentence(error, language))));
  const button = (label, op, user) =>
    el('button', { type: 'button', className: 'soft', on: { click: () => act(op, user) } }, label);
  async function load() {
    const { members = [] } = await room.command('waiting', { line: 'speak', limit: 20 });
    list.replaceChildren(
      ...members.map(({ user, nick }) =>
        el(
          'div',
          { role: 'listitem' },
          el('bdi', {}, nick || user),
          button(words.letSpeak, 'call_next', user),
          button(words.lowerHand, 'dequeue', user),
        ),
      ),
    );
  }
  load().catch(() => {});
  return list;
}
