// Where to connect, and whether to come back there.

/** Close codes outside 4000-4999 after which the same would only happen again. */
const FINAL_CLOSES = new Set([1002, 1003, 1007, 1008, 1010]);

/** Whether a client should come back after this close code: the range decides. */
export function reconnects(code) {
  if (code >= 4500 && code <= 4999) return false;
  return !FINAL_CLOSES.has(code);
}

/** The address a server sent us to, unless it would take us from wss down to ws. */
export function sameOrSafer(from, address) {
  try {
    const base = new URL(from);
    const next = new URL(
      /^wss?:\/\//.test(address) ? address : `${base.protocol}//${address}${base.pathname}`,
    );
    if (base.protocol === 'wss:' && next.protocol !== 'wss:') return undefined;
    return next.href;
  } catch {
    return undefined;
  }
}

/** How long to wait before try number `attempt`, spread by chance; `asked` is the server's wish. */
export function delayOf(attempt, { baseMs, maxMs }, asked = 0) {
  if (asked > 0) return asked * (1 + Math.random() * 0.1);
  const ceiling = Math.min(maxMs, baseMs * 2 ** Math.min(attempt, 16));
  return ceiling * (0.3 + Math.random() * 0.7);
}
