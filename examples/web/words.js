// The two small classes that client and room share.

/** A refusal, by the server or by this side of the line; `code` is a key of ERRORS. */
export class ChatError extends Error {
  constructor(
    code,
    { message = code, temporary = false, retryAfterMs = 0, rule = '', scope = '', verdict = 0 } = {},
  ) {
    super(message);
    this.name = 'ChatError';
    this.code = code;
    this.temporary = temporary;
    this.retryAfterMs = retryAfterMs;
    this.rule = rule; // which rule it was (a key of RULES, or one of a later version), if it says
    this.scope = scope; // and what that rule holds for
    this.verdict = verdict; // its number, for whoever is asked why; 0: it has none
  }

  /** From `{code, message, temporary, retry_after_ms, rule, scope, verdict}` as it stands on the wire. */
  static from({
    code = 'internal',
    message = code,
    temporary = false,
    retry_after_ms: retryAfterMs = 0,
    rule = '',
    scope = '',
    verdict = 0,
  }) {
    return new ChatError(code, { message, temporary, retryAfterMs, rule, scope, verdict });
  }
}

/** An event with a `detail`; CustomEvent is not everywhere where EventTarget is. */
export class ChatEvent extends Event {
  constructor(type, detail) {
    super(type);
    this.detail = detail;
  }
}
