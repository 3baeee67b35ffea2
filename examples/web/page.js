// The demo page around <chat-room>: takes room and name from the address, and shows how to embed.
//
//   ?room=live/1&name=Alice     also: token, lang, layout, recent, channels, password, src (where
//                               the policy of the page lets it connect elsewhere)

const query = new URLSearchParams(location.search);
const element = document.querySelector('chat-room');

for (const name of ['src', 'name', 'token', 'lang', 'layout', 'recent', 'password', 'channels']) {
  if (query.get(name)) element.setAttribute(name, query.get(name));
}
const room = query.get('room') || 'live/1';
element.setAttribute('room', room);
document.title = `${room} · chatroom`;
import('./chat-room.js'); // only now, so that it starts once, with all its attributes

const how = document.getElementById('how');
const snippet = document.getElementById('snippet');
const copy = document.getElementById('copy');
const quoted = (text) => text.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');

document.getElementById('embed').addEventListener('click', () => {
  const script = new URL('chat-room.js', location.href).href;
  snippet.textContent = [
    `<script type="module" src="${script}"></script>`,
    `<chat-room room="${quoted(room)}" name="Alice">`,
    '  <video slot="stage" src="show.mp4" autoplay muted></video>',
    '</chat-room>',
  ].join('\n');
  copy.textContent = 'Copy';
  how.showModal();
});

copy.addEventListener('click', async () => {
  try {
    await navigator.clipboard.writeText(snippet.textContent);
    copy.textContent = 'Copied';
  } catch {
    getSelection().selectAllChildren(snippet); // no clipboard on plain http: select it instead
  }
});
