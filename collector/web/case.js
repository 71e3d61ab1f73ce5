// case.js - cases: what is open, and one of them (#id=c-…): its draft, what is published, who is told, its timeline.
//
// Publishing takes two steps: what was saved is shown as customers will read it, and only that revision can be
// published. The case is asked for again every few seconds; what somebody is typing is left alone.

import {node, renderList, setText} from './parts.js';
import {checkSession, openSession, send} from './session.js';
import {moment, shape} from './words.js';

const el = id => document.getElementById(id);
const AGAIN_MS = 5000;

const KINDS = {
  opened: 'opened', alert: 'alert', change: 'change', launch: 'launch', note: 'note', owner: 'owner', known: 'what we know',
  published: 'published', subscribed: 'told from now on', unsubscribed: 'told no more', told: 'told', not_told: 'not told',
  reminded: 'reminded', not_reminded: 'not reminded', closed: 'closed',
};

let shown = null;    // the case
let revision = null; // of the draft in the preview
let me = null;       // the session
let filled = false;  // the forms hold what was known when the case was first shown

async function ask(method, path, body) {
  const url = `/api/v1/cases${path}`;
  const answer = await (method === 'GET' ? fetch(url) : send(method, url, body)).catch(() => null);
  if (answer?.status === 401) checkSession(); // it leads to the login
  const json = await answer?.json().catch(() => ({})) ?? {};
  const error = answer?.ok ? '' : json.detail ?? 'The collector does not answer.';
  return {json, error};
}

function complain(error) {
  el('problem').hidden = !error;
  setText(el('problem'), error);
  if (error) el('problem').scrollIntoView({block: 'center'});
}

// Change the case; true: it was done, and is shown.
async function change(method, path, body) {
  const {json, error} = await ask(method, `/${shown.id}${path}`, body);
  complain(error);
  if (!error) show(json);
  return !error;
}

// ---- one case ----

const loud = c => !c.open || c.phase === 'resolved' ? 'ok' : c.impact === 'major' || c.impact === 'critical' ? 'act' : 'watch';
const told = c => c.published ? `${c.phase}, impact ${c.impact}` : 'customers were told nothing yet';
const named = c => `${c.open ? '' : 'closed · '}${told(c)}`;

function due(c, now) {
  if (!c.open || !c.next_update_due) return '';
  const at = moment(Date.parse(c.next_update_due), now);
  return c.overdue ? `◆ The next update was due at ${at}.` : `Next update due at ${at}.`;
}

function event(item, now) {
  const line = node('li'), head = node('span', 'facts', `${moment(Date.parse(item.at), now)} · ${KINDS[item.kind] ?? item.kind}`);
  if (item.by) head.append(` · ${item.by}`);
  line.append(head);
  if (item.text) line.append(node('div', '', item.text));
  return line;
}

function subscriber(item) {
  const line = node('li', '', `${item.email ?? item.webhook} · told ${item.told} of ${shown.published} `);
  const off = node('button', '', 'Tell no more');
  off.type = 'button';
  off.hidden = !shown.open;
  off.setAttribute('aria-label', `Tell no more to ${item.email ?? item.webhook}`);
  off.addEventListener('click', () => change('POST', '/unsubscribe', {subscriber: item.number}));
  line.append(off);
  return line;
}

function fillDraft(draft) {
  const form = el('draft');
  for (const name of ['title', 'text', 'phase', 'impact']) form[name].value = draft[name];
  form.next_update.value = draft.next_update;
  if (!form.next_update.value) form.next_update.value = '30m';
  setText(el('draft-from'), draft.saved ? `Saved by ${draft.by}, revision ${draft.revision}.` : 'Words from what is known now; nothing is saved yet.');
}

async function propose(fresh) {
  const {json, error} = await ask('GET', `/${shown.id}/draft${fresh ? '?fresh=true' : ''}`);
  if (!error) fillDraft(json);
}

function show(c) {
  const now = Date.now();
  shown = c;
  el('case').hidden = false;
  el('lists').hidden = true;
  document.title = `${c.overdue ? '◆ ' : ''}${c.title} – plimsoll`;
  setText(el('case-title'), c.title);
  if (el('case-state').textContent !== named(c)) el('case-state').replaceChildren(shape(loud(c)), named(c));
  setText(el('case-due'), due(c, now));
  setText(el('case-facts'), [`${c.owner || 'Nobody'} has it`, c.pools.join(', '), c.customer, c.alert, c.id].filter(Boolean).join(' · '));
  el('take').hidden = !c.open || c.owner === me?.name;
  for (const id of ['close', 'draft', 'known', 'note', 'subscribe']) el(id).hidden = !c.open;
  el('customer-page').href = c.customer_page;
  if (el('help-desk').value !== c.help_desk) el('help-desk').value = c.help_desk;
  el('subscribers').replaceChildren(...c.subscribers.map(subscriber));
  el('timeline').replaceChildren(...[...c.timeline].reverse().map(item => event(item, now)));
  const secret = c.subscribers.find(item => item.secret);
  if (secret) {
    el('secret').hidden = false;
    setText(el('secret'), `The secret that signs what goes there, shown this once: ${secret.secret}`);
  }
  if (filled) return;
  filled = true;
  el('known').text.value = c.known;
  if (c.open) propose(false);
}

function preview(c) {
  const {draft} = c;
  revision = draft.revision;
  setText(el('preview-title'), draft.title);
  setText(el('preview-state'), `${draft.phase}, impact ${draft.impact}`);
  el('preview-text').replaceChildren(...draft.text.split('\n').map(line => node('p', '', line)));
  const next = draft.next_update === 'none' ? 'No further update is promised' : `The next update is promised within ${draft.next_update.replace('m', ' minutes')}`;
  const count = c.subscribers.length;
  setText(el('preview-to'), `${next}. It goes to the customers’ page and ${count} ${count === 1 ? 'subscriber' : 'subscribers'}.`);
  el('preview').hidden = false;
  el('preview').scrollIntoView({block: 'center'});
  el('preview').focus({preventScroll: true});
}

// ---- all of them ----

function card() {
  const item = node('li'), link = node('a', 'card');
  link.append(node('div', 'card-name'), node('div', 'facts'), node('div', 'until'));
  item.append(link);
  return item;
}

function fillCard(item, c) {
  const link = item.firstChild, [name, facts, until] = link.children;
  link.href = `/case.html#id=${c.id}`;
  link.dataset.state = loud(c);
  setText(name, c.title);
  setText(facts, [named(c), c.owner ? `${c.owner} has it` : 'nobody has it', c.pools.join(', ')].join(' · '));
  setText(until, due(c, Date.now()));
}

async function showAll() {
  const {json, error} = await ask('GET', '');
  if (error) return complain(error);
  const open = json.cases.filter(c => c.open).length;
  setText(el('summary'), open === 0 ? 'No case is open' : open === 1 ? 'One case is open' : `${open} cases are open`);
  renderList(el('list'), json.cases, c => c.id, card, fillCard);
  el('list-empty').hidden = json.cases.length > 0;
  el('lists').hidden = false;
  el('case').hidden = true;
}

async function fillAbout() {
  const [alerts, pools] = await Promise.all(['alerts', 'pools'].map(async what => {
    const answer = await fetch(`/api/v1/${what}`).catch(() => null);
    return answer?.ok ? (await answer.json())[what] : [];
  }));
  const option = (value, text) => Object.assign(node('option', '', text), {value});
  el('open').about.replaceChildren(...alerts.filter(a => a.state === 'firing').map(a => option(`alert:${a.id}`, `the alert ${a.id}`)),
                                   ...pools.map(p => option(`pool:${p.name}`, `the pool ${p.name}`)));
}

// ---- the page ----

const wanted = () => /^#id=([a-z0-9-]+)$/.exec(location.hash)?.[1];

async function refresh() {
  if (document.hidden) return;
  const id = wanted();
  if (!id) return showAll();
  const {json, error} = await ask('GET', `/${id}`);
  if (error) return complain(error);
  if (id === wanted()) show(json);
}

function onSubmit(id, act) {
  el(id).addEventListener('submit', async e => {
    e.preventDefault();
    const button = el(id).querySelector('[type=submit]');
    button.disabled = true;
    await act(el(id));
    button.disabled = false;
  });
}

onSubmit('open', async form => {
  const [, what, which] = /^(\w+):(.*)$/.exec(form.about.value) ?? [];
  const body = what === 'alert' ? {alert: which} : {pools: [which]};
  if (form.title.value.trim()) body.title = form.title.value.trim();
  const {json, error} = await ask('POST', '', body);
  complain(error);
  if (!error) location.hash = `#id=${json.id}`;
});
onSubmit('draft', async form => {
  const body = {};
  for (const name of ['title', 'text', 'phase', 'impact', 'next_update']) body[name] = form[name].value.trim();
  if (await change('PUT', '/draft', body)) {
    fillDraft(shown.draft);
    preview(shown);
  }
});
onSubmit('known', form => change('PUT', '/known', {text: form.text.value.trim()}));
onSubmit('note', async form => {
  if (await change('POST', '/note', {text: form.text.value.trim()})) form.reset();
});
onSubmit('subscribe', async form => {
  const address = form.address.value.trim();
  el('secret').hidden = true;
  if (await change('POST', '/subscribers', address.includes('://') ? {webhook: address} : {email: address})) form.reset();
});
el('propose').addEventListener('click', () => propose(true));
el('take').addEventListener('click', () => change('POST', '/owner', {owner: me?.name ?? ''}));
el('close').addEventListener('click', () => change('POST', '/close', {}));
el('back').addEventListener('click', () => { el('preview').hidden = true; });
el('draft').phase.addEventListener('change', ({target}) => {
  if (target.value === 'resolved') el('draft').next_update.value = 'none';
});
el('publish').addEventListener('click', async () => {
  if (!await change('POST', '/publish', {revision})) return;
  el('preview').hidden = true;
  propose(true);
});
window.addEventListener('hashchange', () => {
  filled = false;
  el('preview').hidden = el('secret').hidden = true;
  complain('');
  refresh();
});
el('all').addEventListener('click', e => {
  e.preventDefault();
  location.hash = '';
});

await checkSession();
me = await openSession();
fillAbout();
refresh();
setInterval(refresh, AGAIN_MS);
