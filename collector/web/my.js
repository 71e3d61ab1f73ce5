// my.js - a customer's own page: its launches while they happen, and the room its pools have.
//
// The link that leads here holds the customer's token behind the # of the address, which is sent to
// nobody. It is turned into a session by a POST and leaves the address at once, so that it is in no
// log, no Referer and no history. Every few seconds the page asks again.

import {node, setState, setText} from './parts.js';
import {openSession, send} from './session.js';
import {LAUNCH_STATES, VERDICTS, amount, clock, moment, shape, switchZone, zoneName} from './words.js';

const el = id => document.getElementById(id);
const AGAIN_MS = 5000;

let customer = null; // the session's

function complain(text) {
  setText(el('problem'), text);
  el('problem').hidden = !text;
}

// ---- the way in ----

async function logIn(token) {
  history.replaceState(null, '', location.pathname);
  const answer = await fetch('/api/v1/session', {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({token}),
  });
  if (!answer.ok) throw new Error((await answer.json()).detail);
}

async function start() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  try {
    if (token) await logIn(token);
    const session = await openSession();
    if (!session) throw new Error('Open the link that you were given again: this phone is not logged in (any more).');
    if (!session.customer) return location.replace('/');
    customer = session.customer;
  } catch (error) {
    return complain(error instanceof TypeError ? 'Nobody answers. Check your connection, and open your link again.' : error.message);
  }
  el('logout').hidden = false;
  await renew();
  setInterval(() => { if (!document.hidden && customer) renew(); }, AGAIN_MS);
  addEventListener('visibilitychange', () => { if (!document.hidden && customer) renew(); });
}

// ---- the page ----

function line(className, text) {
  return node('p', className, text);
}

function watcher(name) {
  return name ? `${name} watches this and is called if it gets tight.` : 'Whoever is on call watches this.';
}

function nextLook(launch, now) {
  if (['done', 'absent', 'cancelled'].includes(launch.state)) return '';
  if (!launch.next_look) return 'Looked at every second now.';
  return `Looked at again ${moment(Date.parse(launch.next_look), now)}, and at once if the pool changes.`;
}

function loadLines(load) {
  if (!load) return [];
  const expected = `${amount(load.expected_p50)}–${amount(load.expected_p90)}`;
  const room = load.room > 0 ? `, room for ${amount(load.room)}` : '';
  return [line('sentence', load.text), line('empty', `${amount(load.now)} ${load.unit} now, ${expected} expected by now${room}.`)];
}

function launchCard(launch, now) {
  const card = node('li', 'card'), title = node('h3'), link = node('a', '', launch.title), verdict = node('p', 'small-verdict');
  link.href = `/launch.html#id=${launch.id}`;
  title.append(link);
  const over = ['done', 'absent', 'cancelled'].includes(launch.state);
  verdict.append(shape(VERDICTS[launch.verdict].shape), VERDICTS[launch.verdict].word);
  card.append(title, line('empty', moment(Date.parse(launch.announce_at ?? launch.starts_at), now)),
              line('phase', LAUNCH_STATES[launch.state]), ...over ? [] : [verdict], ...loadLines(launch.load));
  if (!over) card.append(line('', watcher(launch.watched_by)), line('empty', nextLook(launch, now)));
  return card;
}

function poolCard(pool) {
  const card = node('li', 'card'), state = node('p', 'small-verdict');
  setState(state, pool.state);
  card.append(node('h3', '', pool.name), state, line('sentence', pool.text));
  return card;
}

// One line that answers: do I need to do anything? It changes when a state does, not each time.
function headline(mine) {
  const live = mine.launches.filter(launch => ['live', 'cooling'].includes(launch.state));
  const tight = mine.pools.filter(pool => pool.state === 'act');
  if (tight.length) return `${tight.map(pool => pool.name).join(', ')}: it is tight; we are on it.`;
  const holds = mine.pools.every(pool => pool.state !== 'nodata') ? 'and it holds' : 'and watched';
  if (live.length) return `${live.map(launch => launch.title).join(', ')}: live, ${holds}.`;
  if (mine.launches.some(launch => launch.state === 'armed')) return 'About to start; we are watching.';
  return 'All is calm.';
}

function replaceIfNew(list, items) {
  const fresh = node('ul');
  fresh.append(...items);
  if (fresh.innerHTML !== list.innerHTML) list.replaceChildren(...items);
}

function show(mine) {
  const now = Date.parse(mine.time), over = launch => ['done', 'absent', 'cancelled'].includes(launch.state);
  const launches = [...mine.launches].sort((a, b) => over(a) - over(b) || Date.parse(a.starts_at) - Date.parse(b.starts_at));
  el('page').hidden = false;
  setText(el('who'), mine.title);
  setText(el('summary'), headline(mine));
  replaceIfNew(el('launches'), launches.map(launch => launchCard(launch, now)));
  el('launches-empty').hidden = launches.length > 0;
  replaceIfNew(el('pools'), mine.pools.map(poolCard));
  const zone = node('button', 'zone', `times in ${zoneName()}`);
  zone.type = 'button';
  zone.addEventListener('click', () => {
    switchZone();
    show(mine);
  });
  el('next').replaceChildren(`Last looked at ${clock(now)}; this page renews itself. `, zone);
}

async function renew() {
  const answer = await fetch(`/api/v1/customers/${encodeURIComponent(customer)}`).catch(() => null);
  if (answer?.ok) {
    complain('');
    show(await answer.json());
  } else if (answer?.status === 401) {
    customer = null;
    el('page').hidden = true;
    complain('You are logged out. Open the link that you were given again.');
  } else if (answer?.status !== 429) {
    complain('No answer right now; what stands below is the last that is known. We try again by ourselves.');
  }
}

// The address of a calendar is shown once: whoever has it reads the launches.
async function makeFeed() {
  const answer = await send('POST', '/api/v1/feeds', {feed: 'customer', name: customer}).catch(() => null);
  const told = await answer?.json().catch(() => null);
  if (!answer?.ok) return complain(told?.detail ?? 'No answer right now. Try again.');
  const link = node('a', '', told.url);
  link.href = told.url.replace(/^https?:/, 'webcal:');
  el('feed-url').replaceChildren('Subscribe to this address; it is shown once, and whoever has it reads your launches: ', link);
  el('feed-url').hidden = false;
}

el('feed').addEventListener('click', makeFeed);
el('logout').addEventListener('click', async () => {
  await send('DELETE', '/api/v1/session').catch(() => null);
  await renew();
});
start();
