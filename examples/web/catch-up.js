// What a member missed: from where on, whether something is lost, and the pages in between.

const PAGE = 100;

/** Where one stands before what was missed is read, and the gap if it cannot all be.
 * @returns {{position: {epoch: string, offset: number}, gap?: object}} */
export function startOf(answer, since, recovered) {
  const { epoch, offset } = answer;
  if (!since) return { position: { epoch, offset: 0 } };
  if (recovered) return { position: since };
  const same = since.epoch === epoch;
  return {
    position: { epoch, offset: same ? Math.min(since.offset, offset) : 0 },
    gap: { reason: 'history_lost', from: same ? since.offset + 1 : 0, to: offset },
  };
}

/** The messages to show after a join, oldest first.
 * @param {(options: object) => Promise<any>} history */
export async function missedMessages(history, answer, since, recovered, { channels, recent }) {
  const messages = answer.messages ?? [];
  if (!since) return messages;
  if (!recovered) {
    if (!(recent > 0)) return messages;
    return (await history({ limit: Math.min(PAGE, recent) })).messages;
  }
  if (!answer.more) return messages;
  const last = messages.length > 0 ? messages[messages.length - 1].offset : since.offset;
  return messages.concat(await pagesOf(history, channels, last, answer.offset));
}

async function pagesOf(history, channels, after, head) {
  const found = [];
  for (const channel of channels) {
    let from = after;
    for (let more = true; more && from < head;) {
      const page = await history({ channel, after: from, limit: PAGE });
      found.push(...page.messages.filter((message) => message.offset <= head));
      const on = page.messages.at(-1)?.offset ?? page.offset ?? 0;
      more = page.more && on > from;
      if (more) from = on;
    }
  }
  return found.sort((a, b) => a.offset - b.offset);
}
