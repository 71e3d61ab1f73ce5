// launch.js - the form, the answer in words, and the list of what is announced.
//
// The form sends what was said as it was said; every fault comes back with the field it is about and
// stands beside that field. The address (#id=l-…) says which launch is shown; it is asked for again
// every few seconds, so the page of a launch can lie on a phone while it happens.

import {node, setText} from './parts.js';
import {showQuality, showReport} from './report.js';
import {checkSession, customerOf, send} from './session.js';
import {LAUNCH_STATES, VERDICTS, amount, shape} from './words.js';

const el = id => document.getElementById(id);
const AGAIN_MS = 5000;

const CHANNELS = {
  x: 'X (Twitter)', instagram: 'Instagram', facebook: 'Facebook', tiktok: 'TikTok', youtube: 'YouTube', email: 'e-mail',
  push: 'push message', sms: 'SMS', tv: 'TV', radio: 'radio', press: 'press', ads: 'advertisements', influencer: 'influencer',
  reddit: 'Reddit, Hacker News', other: 'something else',
};

let shown = null;   // the launch, or dry run, in the answer
let editing = null; // the launch in the form, with the ETag of the revision that was seen

async function ask(method, path, body, headers) {
  const answer = method === 'GET' ? await fetch(`/api/v1/launches${path}`) : await send(method, `/api/v1/launches${path}`, body, headers);
  if (answer.status === 401) checkSession(); // it leads to the login
  return {status: answer.status, etag: answer.headers.get('ETag'), json: await answer.json().catch(() => ({}))};
}

// ---- the form ----

function channelRow({type: chosen, audience: reached = ''}) {
  const row = node('div', 'pair channel');
  const type = node('select'), audience = node('input'), how = node('label'), many = node('label');
  type.name = 'channel';
  audience.name = 'audience';
  audience.inputMode = 'numeric';
  audience.placeholder = '400000';
  for (const [value, word] of Object.entries(CHANNELS)) {
    const option = node('option', '', word);
    option.value = value;
    type.append(option);
  }
  type.value = chosen;
  audience.value = reached;
  how.append(node('span', '', 'Channel'), type);
  many.append(node('span', '', 'People reached'), audience);
  row.append(how, many);
  return row;
}

// "400k", "1.2 M", "400,000"
function people(text) {
  const match = /^([\d.,\s]+)\s*([kKmM]?)$/.exec(text.trim());
  if (!match) return NaN;
  const scale = {k: 1e3, m: 1e6}[match[2].toLowerCase()];
  if (scale) return Math.round(Number(match[1].replace(',', '.')) * scale);
  return Number(match[1].replace(/[.,\s]/g, ''));
}

async function fillPools() {
  const customer = customerOf();
  const answer = await fetch(customer ? `/api/v1/customers/${encodeURIComponent(customer)}` : '/api/v1/pools');
  const pools = answer.ok ? (await answer.json()).pools : [];
  el('pools').replaceChildren(...pools.map(({name}) => {
    const label = node('label', 'check'), box = node('input');
    box.type = 'checkbox';
    box.name = 'pools';
    box.value = name;
    box.checked = box.defaultChecked = pools.length === 1;
    label.append(box, ` ${name}`);
    return label;
  }));
}

function fillZones() {
  const zones = Intl.supportedValuesOf?.('timeZone') ?? [];
  el('zones').replaceChildren(...zones.map(name => Object.assign(node('option'), {value: name})));
  el('form').time_zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}

function contact(form) {
  const name = form.contact_name.value.trim(), phone = form.contact_phone.value.replace(/[\s()/-]/g, '');
  return name || phone ? [{name, phone}] : [];
}

// What the API takes of a launch that it told: everything that somebody said.
const SAID = ['customer', 'ends_at', 'announce_at', 'time_zone', 'channels', 'expected_peak', 'past_event', 'past_factor', 'cdn',
              'cacheable_percent', 'pages_per_visit', 'requests_per_page', 'limited_stock', 'freeze', 'consents', 'contacts', 'notes'];

// What the form does not ask for stays as it was.
function unchanged(launch) {
  return Object.fromEntries(SAID.filter(name => launch[name] !== undefined && launch[name] !== null).map(name => [name, launch[name]]));
}

function edit(answer) {
  const form = el('form'), launch = answer.json;
  editing = answer;
  clearFaults();
  form.title.value = launch.title;
  form.kind.value = launch.kind;
  for (const box of form.querySelectorAll('[name=pools]')) box.checked = launch.pools.includes(box.value);
  el('channels').replaceChildren(...(launch.channels?.length ? launch.channels : [{type: 'x', audience: ''}]).map(channelRow));
  form.contact_name.value = launch.contacts?.[0]?.name ?? '';
  form.contact_phone.value = launch.contacts?.[0]?.phone ?? '';
  form.limited_stock.checked = Boolean(launch.limited_stock);
  form.cdn.checked = Boolean(launch.cdn);
  form.cacheable_percent.value = launch.cacheable_percent ?? '';
  form.peak_unit.value = launch.expected_peak?.unit ?? '';
  form.peak_value.value = launch.expected_peak?.value ?? '';
  for (const box of form.querySelectorAll('[name=consents]')) box.checked = (launch.consents ?? []).includes(box.value);
  form.notes.value = launch.notes ?? '';
  form.announce_at.value = '';
  form.reason.value = '';
  setMode(true);
  form.when.value = form.duration.value = 'same';
  el('at').hidden = true;
  form.scrollIntoView({block: 'start'});
  form.title.focus({preventScroll: true});
}

function setMode(isEdit) {
  if (!isEdit) editing = null;
  setText(el('form-title'), isEdit ? `Change “${editing.json.title}”` : 'What is coming?');
  setText(el('tell'), isEdit ? 'Keep the change' : 'Tell us');
  for (const part of document.querySelectorAll('.only-edit')) part.hidden = part.disabled = !isEdit;
  if (isEdit) return;
  for (const name of ['when', 'duration']) if (el('form')[name].value === 'same') el('form')[name].value = name === 'when' ? '30m' : '4h';
}

function said() {
  const form = el('form'), before = editing?.json;
  const checked = name => [...form.querySelectorAll(`[name=${name}]:checked`)].map(box => box.value);
  const body = {...before ? unchanged(before) : {}, title: form.title.value.trim(), kind: form.kind.value, pools: checked('pools')};
  if (before) body.reason = form.reason.value.trim();
  if (form.duration.value !== 'same') {
    body.duration = form.duration.value;
    delete body.ends_at;
  }
  const uses_zone = form.when.value === 'at' || form.announce_at.value;
  if (uses_zone) body.time_zone = form.time_zone.value.trim();
  if (form.when.value === 'same') body.starts_at = before.starts_at;
  else if (form.when.value === 'at') body.starts_at = form.starts_at.dataset.chosen || form.starts_at.value;
  else body.starts_in = form.when.value;
  if (form.announce_at.value) body.announce_at = form.announce_at.dataset.chosen || form.announce_at.value;
  body.channels = [...el('channels').children].map(row => ({
    type: row.querySelector('select').value, audience: people(row.querySelector('input').value),
  })).filter(({audience}) => audience > 0);
  body.contacts = [...contact(form), ...(before?.contacts ?? []).slice(1)];
  delete body.expected_peak;
  delete body.cacheable_percent;
  if (form.peak_unit.value) body.expected_peak = {unit: form.peak_unit.value};
  if (form.peak_value.value) body.expected_peak = {...body.expected_peak, value: Number(form.peak_value.value.replace(',', '.'))};
  body.limited_stock = form.limited_stock.checked;
  body.cdn = form.cdn.checked;
  if (form.cacheable_percent.value) body.cacheable_percent = Number(form.cacheable_percent.value);
  body.consents = checked('consents');
  body.notes = form.notes.value;
  return body;
}

// The moments that a local time may mean, to choose one from.
function choices(error, input) {
  const group = node('div');
  for (const choice of error.choices) {
    const label = node('label', 'check'), radio = node('input');
    radio.type = 'radio';
    radio.name = `choice-${input.name}`;
    radio.addEventListener('change', () => { input.dataset.chosen = choice; });
    label.append(radio, ` ${choice.slice(11, 16)}, UTC${choice.slice(19)}`);
    group.append(label);
  }
  return group;
}

function clearFaults() {
  for (const fault of document.querySelectorAll('.fault')) fault.remove();
  el('problem').hidden = true;
}

function showFaults(problem) {
  const errors = problem.errors ?? [];
  el('problem').hidden = false;
  setText(el('problem'), errors.length ? 'Please look at these again:' : problem.detail ?? 'The collector did not answer. Try again.');
  for (const error of errors) {
    const name = error.pointer?.split('/')[1] ?? '';
    const field = document.querySelector(`[data-pointer="${name === 'starts_in' || name === 'time_zone' ? 'starts_at' : name}"]`);
    const fault = node('div', 'fault', `${error.value ? `“${error.value}” ` : ''}${error.detail}`);
    if (error.choices) fault.append(choices(error, el('form')[name]));
    (field ?? el('form')).append(fault);
    if (field?.closest('details')) field.closest('details').open = true;
  }
  el('problem').scrollIntoView({block: 'start'});
}

// As before anything was said, so that nobody tells the same launch twice.
function empty() {
  el('form').reset();
  el('channels').replaceChildren(channelRow({type: 'x'}));
  el('at').hidden = true;
  fillZones();
}

// Of one launch, however often the button is pressed until it is told.
const newKey = () => crypto.randomUUID?.() ?? String(Math.random());
let key = newKey();

async function tell(dry) {
  clearFaults();
  const change = editing && !dry;
  const headers = dry ? {} : change ? {'If-Match': editing.etag} : {'Idempotency-Key': key};
  const path = dry ? '?dry_run=true' : change ? `/${editing.json.id}` : '';
  const answer = await ask(change ? 'PUT' : 'POST', path, said(), headers).catch(() => ({status: 0, json: {}}));
  if (answer.status !== 200 && answer.status !== 201) {
    showFaults(answer.json);
    return;
  }
  if (!dry) {
    key = newKey();
    setMode(false);
    empty();
    history.replaceState(null, '', `#id=${answer.json.id}`);
  }
  show(answer);
  el('answer').scrollIntoView({block: 'start'});
  el('answer').focus({preventScroll: true});
  if (!dry) fillList();
}

// ---- the answer ----

function number(title, value, unit = '') {
  const item = node('div'), dd = node('dd', '', value);
  if (unit) dd.append(' ', node('small', '', unit));
  item.append(node('dt', '', title), dd);
  return item;
}

function poolAnswer(pool, several) {
  const part = node('div');
  const verdict = node('p', 'verdict');
  verdict.dataset.verdict = pool.verdict;
  verdict.append(shape(VERDICTS[pool.verdict].shape), VERDICTS[pool.verdict].word + (several ? ` (${pool.pool})` : ''));
  const numbers = node('dl', 'numbers');
  numbers.append(number('expected at the peak', `${amount(pool.expected.p50)}–${amount(pool.expected.p90)}`, pool.unit),
                 number('usual then', amount(pool.usual), pool.unit),
                 number('room for, one host lost', pool.ceiling ? amount(pool.ceiling) : 'not known', pool.ceiling ? pool.unit : ''));
  part.append(verdict, node('p', 'sentence', pool.text), numbers);
  if (pool.missing) part.append(node('p', 'missing', `Missing: ${pool.missing}.`));
  if (pool.remedies.length) {
    const list = node('ol', 'remedies');
    for (const remedy of pool.remedies) list.append(node('li', remedy.in_time ? '' : 'no', remedy.text));
    part.append(node('h3', '', 'What can still be done, quickest first'), list);
  }
  if (pool.assumptions.length) {
    const details = node('details'), list = node('ul');
    details.append(node('summary', '', 'What this rests on'), list);
    for (const text of pool.assumptions) list.append(node('li', '', text));
    part.append(details);
  }
  return part;
}

function seen(launch) {
  if (!launch.seen?.live_at) return [];
  const numbers = node('dl', 'numbers');
  numbers.append(number('most so far', amount(launch.seen.peak)),
                 number('most expected', `${amount(launch.seen.expected.p50)}–${amount(launch.seen.expected.p90)}`),
                 number('least headroom', `${Math.floor(100 * launch.seen.least_headroom)} %`));
  return [numbers];
}

function when(launch) {
  const at = new Date(launch.announce_at ?? launch.starts_at);
  return at.toLocaleString([], {weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZoneName: 'short'});
}

const EVENTS = {registered: 'told', changed: 'changed', announced: 'said that it is out', cancelled: 'called off',
                state: 'now', verdict: 'judged'};

// Who changed what, when, and why; the newest first.
function revisions(launch) {
  if (!launch.log?.length) return [];
  const details = node('details'), list = node('ol', 'revisions');
  details.append(node('summary', '', `What happened so far (revision ${launch.revision})`), list);
  for (const note of [...launch.log].reverse()) {
    const what = note.event === 'state' ? `now ${LAUNCH_STATES[note.state]}`
      : note.event === 'verdict' ? `judged: ${VERDICTS[note.verdict].word.toLowerCase()}`
      : `${EVENTS[note.event] ?? note.event}${note.author ? ` by ${note.author}` : ''}`;
    const time = node('time', 'empty', new Date(note.time).toLocaleString([], {dateStyle: 'short', timeStyle: 'short'}));
    const item = node('li');
    item.append(time, ` ${what}${note.reason ? `: “${note.reason}”` : ''}`);
    list.append(item);
  }
  return [details];
}

const HOOKS = {raise_minimum: 'Raise the minimum of', queue_page: 'Show a queue page on', drain: 'Drain hosts of'};
const MOMENTS = {hand: 'when operations decide', armed: 'half an hour before', tight: 'if it gets tight'};
const ACTIONS = {
  off: 'not armed by operations', armed: 'armed', about_to: 'about to be done', calling: 'being done', done: 'done', failed: 'it failed',
  unknown: 'perhaps done: somebody has to look', about_to_undo: 'about to be undone', undoing: 'being undone', undone: 'undone',
  undo_failed: 'could not be undone: somebody has to look',
};

// What each side may do about one action now.
function deeds(action) {
  if (customerOf()) return action.consented ? [['withdraw', 'Take back the yes']] : [['consent', 'Yes, you may']];
  const done = ['done', 'unknown', 'undo_failed'].includes(action.state);
  if (action.state === 'armed') return [['disarm', 'Disarm'], ...action.consented ? [['fire', 'Do it now']] : []];
  return done ? action.can_be_undone ? [['undo', 'Undo it']] : [] : [['arm', 'Arm it']];
}

async function doAction(id, hook, deed) {
  const answer = await ask('POST', `/${id}/actions`, {hook, do: deed});
  if (answer.status !== 200) showFaults(answer.json);
  await showActions(id);
}

// What may be done by itself: nothing unless both sides said yes.
async function showActions(id) {
  const answer = id ? await ask('GET', `/${id}/actions`).catch(() => ({status: 0})) : {status: 0};
  const actions = answer.status === 200 ? answer.json.actions : [];
  if (shown?.id !== id) return;
  el('answer-actions').replaceChildren(...actions.length ? [node('h3', '', 'What may be done by itself')] : [], ...actions.map(action => {
    const part = node('div'), buttons = node('div', 'buttons');
    buttons.append(...deeds(action).map(([deed, text]) => button(text, () => doAction(id, action.hook, deed))));
    part.append(node('p', '', `${HOOKS[action.kind]} ${action.pool}, ${MOMENTS[action.on]}: ${ACTIONS[action.state]}, `
      + `${action.consented ? `agreed to by ${action.consented_by}` : 'not agreed to by the customer'}.`), buttons);
    return part;
  }));
}

function button(text, act) {
  const b = node('button', '', text);
  b.type = 'button';
  b.addEventListener('click', act);
  return b;
}

async function act(method, path) {
  const answer = await ask(method, path, undefined, {'If-Match': shown.etag});
  if (answer.status === 200) show(answer);
  else showFaults(answer.json);
  fillList();
}

function show(answer) {
  const launch = answer.json, pools = launch.pools_verdicts ?? [];
  shown = {...answer, id: launch.id};
  el('answer').hidden = false;
  setText(el('answer-title'), launch.title);
  setText(el('answer-state'), launch.dry_run ? `${when(launch)} – only checked, nothing is kept` : `${when(launch)} – ${LAUNCH_STATES[launch.state]}`);
  const open = el('answer-pools').querySelector('details')?.open ?? false;
  el('answer-pools').replaceChildren(...pools.map(pool => poolAnswer(pool, pools.length > 1)));
  for (const details of el('answer-pools').querySelectorAll('details')) details.open = open;
  const told = el('answer-log').querySelector('details')?.open ?? false;
  el('answer-log').replaceChildren(...revisions(launch));
  for (const details of el('answer-log').querySelectorAll('details')) details.open = told;
  el('answer-seen').replaceChildren(...seen(launch));
  showActions(launch.id);
  showReport(el('answer-report'), launch);
  setText(el('answer-watch'), launch.watched_by ? `${launch.watched_by} watches this; alerts go there.` : 'Alerts go to whoever is on call.');
  const ids = launch.collides_with ?? [];
  el('answer-collisions').hidden = ids.length === 0;
  setText(el('answer-collisions'), `At the same time: ${ids.length === 1 ? 'another launch' : `${ids.length} other launches`}, counted in.`);
  el('answer-findings').replaceChildren(...(launch.findings ?? []).map(({text}) => node('li', '', text)));
  const path = `/${launch.id}`, early = ['scheduled', 'preparing', 'armed'].includes(launch.state);
  const running = ['live', 'cooling'].includes(launch.state);
  el('answer-buttons').replaceChildren(...early || running ? [button('Change it', () => edit(shown))] : [], ...early ? [button('It is out now', () => act('POST', `${path}/announce`)),
                                                   button('Call it off', () => act('DELETE', path))] : []);
  setText(el('answer-next'), launch.dry_run ? '' : `This page renews itself; last at ${new Date().toLocaleTimeString()}.`);
}

// ---- the list ----

async function fillList() {
  if (!customerOf()) showQuality(el('list-quality')); // of all customers
  const answer = await ask('GET', '').catch(() => ({status: 0}));
  if (answer.status !== 200) return;
  const open = answer.json.launches.filter(launch => !['done', 'absent', 'cancelled'].includes(launch.state));
  el('list-empty').hidden = open.length > 0;
  el('list').replaceChildren(...open.map(launch => {
    const item = node('li', 'one'), link = node('a', '', launch.title);
    link.href = `#id=${launch.id}`;
    item.append(shape(VERDICTS[launch.verdict].shape), link, node('span', '', VERDICTS[launch.verdict].word), node('span', 'empty', when(launch)));
    return item;
  }));
}

async function showChosen() {
  const id = new URLSearchParams(location.hash.slice(1)).get('id');
  if (!id) return;
  const answer = await ask('GET', `/${encodeURIComponent(id)}`).catch(() => ({status: 0}));
  if (answer.status === 200) show(answer);
}

// ---- start ----

el('channels').append(channelRow({type: 'x'}));
el('add-channel').addEventListener('click', () => el('channels').append(channelRow({type: 'email'})));
el('when').addEventListener('change', () => { el('at').hidden = el('when').value !== 'at'; });
for (const name of ['starts_at', 'announce_at'])
  el('form')[name].addEventListener('input', event => { delete event.target.dataset.chosen; });
el('form').addEventListener('submit', event => {
  event.preventDefault();
  tell(false);
});
el('stop-edit').addEventListener('click', () => {
  setMode(false);
  clearFaults();
});
el('check').addEventListener('click', () => tell(true));
addEventListener('hashchange', showChosen);
setInterval(() => { if (!document.hidden) showChosen(); }, AGAIN_MS);
fillZones();
await checkSession();
if (customerOf()) Object.assign(el('home'), {href: '/my.html', textContent: 'your page'});
await fillPools();
fillList();
showChosen();
