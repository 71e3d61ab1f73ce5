// app.js - the page: what is wrong, how full, of what, since when; then the charts of one host.
//
// Everything shown comes from `state` events; the address (#pool=web&host=fe1) says what was chosen.

import {alertLook, makeAlert, updateAlert} from './alerts.js';
import {Changes} from './changes.js';
import {Launches} from './launches.js';
import {OnCall} from './oncall.js';
import {Charts} from './charts.js';
import {Live} from './live.js';
import {bar, node, renderList, setBar, setState, setText} from './parts.js';
import {makePool, range, updatePool} from './pools.js';
import {showSession} from './session.js';
import {Traffic} from './traffic.js';
import {STATES, amount, clock, count, duration, iconUrl, moment, percent, shape, stateOf, switchZone, zoneName} from './words.js';

const STALE_MS = 4000;
const el = id => document.getElementById(id);

let state = null;   // newest `state` event
let offsetMs = 0;   // the collector's clock minus ours
let wasStale = false;

const collectorNow = () => Date.now() + offsetMs;

// ---- what was chosen ----

function chosen() {
  const hash = new URLSearchParams(location.hash.slice(1));
  return {pool: hash.get('pool'), host: hash.get('host')};
}

function hashOf(pool, host) {
  const hash = new URLSearchParams();
  if (pool) hash.set('pool', pool);
  if (host) hash.set('host', host);
  return `#${hash}`;
}

// Without a choice: the pool in the worst state. Another one takes its place only when that is worse,
// so that the page does not turn over under a reader.
function worstPool() {
  const rank = pool => STATES[stateOf(pool.state)].rank;
  const least = pool => pool.capacity.headroom ?? 1 - (pool.worst?.utilisation ?? 0);
  const worst = [...state.pools].sort((a, b) => rank(b) - rank(a) || least(a) - least(b))[0];
  const shown = state.pools.find(p => p.name === traffic.pool);
  return shown && worst && rank(shown) >= rank(worst) ? shown : worst;
}

// What is shown: what was chosen, else the worst pool and its worst host.
function effective() {
  const {pool, host} = chosen();
  const thePool = pool && state.pools.some(p => p.name === pool) ? pool : worstPool()?.name ?? null;
  const hosts = state.hosts.filter(h => h.pool === thePool);
  const sticky = hosts.some(h => h.name === charts.host) ? charts.host : null;
  const theHost = host && (hosts.some(h => h.name === host) || state.hosts_total > state.hosts.length) ? host : sticky ?? hosts[0]?.name ?? null;
  return {pool: thePool, host: theHost};
}

const openAlerts = pool => state.alerts.filter(a => a.pool === pool && a.state !== 'resolved');

// "since 14:03:12 UTC": the trouble behind the pools' state, not an older one beside it.
function sinceOf(pools) {
  const behind = pool => {
    const open = openAlerts(pool.name);
    const same = open.filter(a => (a.rule === 'silent') === (pool.state === 'silent'));
    return same.length ? same : open;
  };
  const times = pools.flatMap(behind).map(a => Date.parse(a.since));
  return times.length ? `since ${moment(Math.min(...times), collectorNow())}` : '';
}

// The levels of a pool: its own, if it has any.
const limitsOf = name => state.pools.find(p => p.name === name)?.limits ?? state.limits;

function showPool(item, pool) {
  const name = stateOf(pool.state);
  updatePool(item, pool, limitsOf(pool.name));
  item.firstChild.href = hashOf(pool.name);
  item.firstChild.setAttribute('aria-current', String(pool.name === effective().pool));
  setText(item.querySelector('.since'), name === 'ok' ? '' : sinceOf([pool]));
}

// ---- hosts ----

function makeHost() {
  const item = node('li');
  const card = node('a', 'card');
  const head = node('div', 'card-head');
  head.append(node('span', 'card-name'), node('span', 'age'), node('span', 'state'));
  const meters = node('div', 'meters');
  for (const resource of ['cpu', 'memory']) {
    const meter = node('div', `meter meter-${resource}`);
    meter.append(node('span', '', resource), bar(), node('span', 'meter-value'));
    meters.append(meter);
  }
  card.append(head, meters, node('div', 'full-at'));
  item.append(card);
  return item;
}

function updateHost(item, host) {
  const name = stateOf(host.state);
  const card = item.firstChild;
  card.dataset.state = name;
  card.href = hashOf(host.pool, host.name);
  card.setAttribute('aria-current', String(host.name === effective().host));
  setText(item.querySelector('.card-name'), host.name);
  setState(item.querySelector('.state'), name);
  setText(item.querySelector('.age'), name === 'silent' ? `for ${duration(host.age_ms)}` : '');
  for (const resource of ['cpu', 'memory']) {
    const meter = item.querySelector(`.meter-${resource}`);
    setBar(meter.children[1], host[resource], limitsOf(host.pool)[resource]);
    setText(meter.children[2], host[resource] === undefined ? '–' : percent(host[resource]));
  }
  setText(item.querySelector('.full-at'), host.full_at ? `full at ${range(host.full_at)}, first of ${host.first_limit}` : '');
}

// ---- what changed ----

function makeChange() {
  const item = node('li');
  item.append(node('span', 'what'), ' ', node('span', 'quiet'));
  return item;
}

function updateChange(item, {text, where, t}) {
  setText(item.querySelector('.what'), text);
  setText(item.querySelector('.quiet'), `${where} · ${moment(t, collectorNow())}`);
}

function renderChanges() {
  const lines = changes.lines(), more = changes.moreCount();
  el('changes-section').hidden = lines.length === 0;
  renderList(el('changes'), lines, line => line.text, makeChange, updateChange);
  setText(el('changes-title'), changes.pool ? `What changed in ${changes.pool} in 24 h` : 'What changed in 24 h');
  el('changes-more').hidden = more === 0;
  setText(el('changes-more'), `And ${more} more: plimsoll changes --pool ${changes.pool}`);
  charts.setMarks(changes.of(charts.host));
}

// ---- who is on call ----

function updateOnCall(item, {text, zone, gap}) {
  setText(item.querySelector('.what'), gap ? `△ ${text}` : text);
  setText(item.querySelector('.quiet'), zone);
}

function renderOnCall() {
  const lines = oncall.lines();
  el('oncall-section').hidden = lines.length === 0;
  renderList(el('oncall'), lines, line => line.key, makeChange, updateOnCall);
}

// ---- the page as a whole ----

// One sentence that changes only with the state of something, never with a value.
function summary() {
  const of = name => state.pools.filter(p => stateOf(p.state) === name);
  const worst = state.pools.reduce((name, p) => STATES[stateOf(p.state)].rank > STATES[name].rank ? stateOf(p.state) : name, 'nodata');
  const list = pools => pools.length > 3 ? `${pools.slice(0, 3).map(p => p.name).join(', ')} and ${pools.length - 3} more` : pools.map(p => p.name).join(', ');
  const told = (words, pools) => [`${words}: ${list(pools)}`, sinceOf(pools)].filter(Boolean).join(', ');
  if (state.pools.length === 0) return {worst, text: 'No agent has connected yet'};
  if (worst === 'silent') return {worst, text: told('Silent', of('silent'))};
  if (worst === 'act') return {worst, text: told('Act now', of('act'))};
  if (worst === 'watch') return {worst, text: told('Watch', of('watch'))};
  if (worst === 'nodata') return {worst, text: 'No data yet'};
  // The load is gone and the alert has not been clear for long enough yet: not "all ok".
  const settling = of('ok').filter(p => openAlerts(p.name).some(a => a.state === 'firing'));
  if (settling.length) return {worst: 'watch', text: told('Settling', settling)};
  return {worst, text: `All ok: ${count(of('ok').length, 'pool', 'pools')}, ${count(state.pools.reduce((sum, p) => sum + p.hosts.total, 0), 'host', 'hosts')}`};
}

function showSummary() {
  const {worst, text} = summary();
  const line = el('summary');
  if (line.dataset.text === text) return;
  line.dataset.text = text;
  line.replaceChildren(shape(worst), text);
  document.title = `${STATES[worst].mark} ${text} · plimsoll`;
  el('favicon').href = iconUrl(worst);
}

function showNotice() {
  const told = ({text, since}) => `${text[0].toUpperCase()}${text.slice(1)} (since ${moment(Date.parse(since), collectorNow())}).`;
  setText(el('notice'), state.notes.map(told).join(' '));
  el('notice').hidden = state.notes.length === 0;
}

const byUrgency = (a, b) => STATES[stateOf(b.state)].rank - STATES[stateOf(a.state)].rank;
const byName = (a, b) => a.name.localeCompare(b.name, 'en', {numeric: true});

function render() {
  const {pool, host} = effective();
  showSummary();
  showNotice();
  const alerts = [...state.alerts].sort((a, b) => (a.state === 'resolved') - (b.state === 'resolved') || Date.parse(b.since) - Date.parse(a.since));
  el('alerts-section').hidden = alerts.length === 0;
  renderList(el('alerts'), alerts, alert => alert.id, makeAlert, (item, alert) => updateAlert(item, alert, collectorNow()));
  renderList(el('pools'), [...state.pools].sort((a, b) => byUrgency(a, b) || byName(a, b)), p => p.name, makePool, showPool);
  el('pools-empty').hidden = state.pools.length > 0;
  el('hosts-section').hidden = el('charts-section').hidden = !host;
  const hosts = state.hosts.filter(h => h.pool === pool).sort((a, b) => byUrgency(a, b) || byName(a, b));
  renderList(el('hosts'), hosts, h => h.name, makeHost, updateHost);
  setText(el('hosts-title'), pool ? `Hosts of ${pool}` : 'Hosts');
  const total = state.pools.find(p => p.name === pool)?.hosts.total ?? 0;
  el('hosts-more').hidden = total <= hosts.length;
  setText(el('hosts-more'), `The ${hosts.length} worst of ${total} hosts.`);
  setText(el('traffic-title'), pool ? `Traffic of ${pool}` : 'Traffic');
  setText(el('charts-title'), host ? `Charts of ${host}` : 'Charts');
  charts.setLimits(limitsOf(pool));
  const shown = state.hosts.find(h => h.name === host);
  charts.setService(shown?.service, shown?.service_passes_on);
  if (host !== charts.host) charts.show(host);
  const began = state.alerts.filter(a => a.pool === pool).map(alert => ({t: Date.parse(alert.since), text: alert.rule, shown: alertLook(alert)[0]}));
  traffic.setMarks([...began, ...launches.marks()]);
  traffic.show(state.pools.find(p => p.name === pool) ?? null);
  changes.show(pool);
  launches.show(pool);
  renderChanges();
  live.watch(host, pool);
}

function showClock() {
  const now = collectorNow();
  const stale = live.silentMs() > STALE_MS;
  setText(el('now'), state ? clock(now) : '–');
  setText(el('zone'), zoneName());
  if (stale && state) setText(el('stale'), `Live data stopped at ${moment(Date.parse(state.now), now)}. What you see is from then. Reconnecting …`);
  if (stale && !state) setText(el('stale'), 'The collector does not answer. Trying again …');
  el('stale').hidden = !stale;
  document.body.classList.toggle('old', stale);
  if (wasStale && !stale) charts.reload();
  if (stale && !wasStale) document.title = `? ${document.title.replace(/^\S+ /, '')}`;
  if (wasStale && !stale) el('summary').dataset.text = '';
  wasStale = stale;
}

const charts = new Charts(el('charts'), text => {
  setText(el('charts-note'), text);
  el('charts-note').hidden = !text;
});

const traffic = new Traffic(el('traffic'));
const changes = new Changes(() => state && render());
const launches = new Launches(() => state && render());
const oncall = new OnCall(renderOnCall);

const live = new Live({
  state(next) {
    const isAway = ({notes}) => notes.some(note => note.kind === 'redis_away');
    const redisCameBack = state && isAway(state) && !isAway(next);
    state = next;
    offsetMs = Date.parse(state.now) - Date.now();
    render();
    if (redisCameBack) charts.reload();
    charts.draw(collectorNow());
    traffic.draw(collectorNow());
    showClock();
  },
  sample(sample) {
    charts.add(sample);
  },
});

addEventListener('hashchange', () => state && render());

el('zone').addEventListener('click', () => {
  switchZone();
  if (!state) return;
  el('summary').dataset.text = '';
  render();
  charts.zoneChanged();
  traffic.rebuild();
  showClock();
});

el('span').addEventListener('click', ({target}) => {
  if (!target.dataset.minutes) return;
  for (const button of el('span').querySelectorAll('button')) button.setAttribute('aria-pressed', String(button === target));
  charts.setSpan(Number(target.dataset.minutes));
  traffic.setSpan(Number(target.dataset.minutes));
});

setInterval(showClock, 1000);
live.watch(chosen().host, chosen().pool);
showSession();
