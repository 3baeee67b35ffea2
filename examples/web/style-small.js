// What is different where there is little room, or motion is not wanted.

export const SMALL = `
@container room (max-width: 719px) {
  .app { flex-direction: column; }
  .theatre { flex: none; height: 34%; min-height: 176px; }
  .chat { width: 100%; flex: 1; border-inline-start: 0; border-top: 1px solid var(--chat-line); }
  .head { padding: 8px 12px; height: 52px; gap: 8px; }
  .title b { font-size: 14px; line-height: 24px; }
  .title span { display: none; }
  .chip { height: 24px; padding: 0 9px; font-size: 12px; }
  .tools { padding: 4px 8px; height: 44px; gap: 2px; }
  .air { inset: 40px 0 40px; }
  .settings { right: 10px; left: 10px; bottom: 46px; width: auto; max-width: none;
    padding: 10px 14px; gap: 7px 12px; }
  .bar { height: 42px; padding-inline-start: 14px; }
  .row:not(.system) { padding-inline: 46px 12px; }
  .row[data-initial]::before { inset-inline-start: 12px; }
  .composer { padding: 8px 10px max(10px, env(safe-area-inset-bottom)); }
  textarea { font-size: 16px; }
  .send { height: 36px; }
  .me { height: 34px; }
}
@media (prefers-reduced-motion: reduce) { *, *::before { animation: none !important;
  transition: none !important; } }
`;
