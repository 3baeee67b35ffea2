// Lines, for those who stand in them: the one in front of a full room, shown by the banner, and the
// button that raises a hand. Those who may call have theirs on the desk (desk.js).

import { rankOf } from './channels.js';
import { el, setText } from './dom.js';

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
    const speaks = rankOf(room.role) >= rankOf('speaker');
    const place = room.places.speak;
    this.node.hidden = !live || !(policy.hands > 0) || !policy.moderated || speaks;
    setText(this.node, place > 0 ? this.#words.handAt(place) : this.#words.raiseHand);
    this.node.setAttribute('aria-pressed', String(place > 0));
    this.node.onclick = () => (place > 0 ? room.places.goOut('speak') : room.lineUp('speak'));
  }
}
