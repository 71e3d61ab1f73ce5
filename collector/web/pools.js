// pools.js - one pool: how far it is above the water, until when, and which resource ends it.
//
// The number that counts is what is left after losing a host (N-1). Where that is not known yet, the
// fullest resource stands in its place, and the card says what would settle it.

import {bar, node, setBar, setState, setText} from './parts.js';
import {about, amount, between, count, percent, stateOf} from './words.js';

const WATCH_SHARE = 0.85; // of the line, as the rule `saturation` warns

export function makePool() {
  const item = node('li');
  const card = node('a', 'card');
  const head = node('div', 'card-head');
  head.append(node('span', 'card-name'), node('span', 'state'));
  const full = node('div', 'full');
  full.append(node('span', 'big'), ' ', node('span', 'of'));
  card.append(head, full, bar(), node('div', 'until'), node('div', 'facts'), node('div', 'since'));
  item.append(card);
  return item;
}

// "38 %"; below zero cut towards more: -0.2 % is not 0 %.
const signed = share => share < 0 ? `\u2212${percent(Math.ceil(-share * 100) / 100)}` : percent(share);

// "480/s (430 to 540)"
export function range({p10, p50, p90}) {
  return p10 === p90 ? `${amount(p50)}/s` : `${amount(p50)}/s (${amount(p10)} to ${amount(p90)})`;
}

// [the large number, what it is of]
function headline({capacity, worst}) {
  if (capacity.headroom !== null) return [signed(capacity.headroom), `headroom${capacity.spare ? ' (N\u22121)' : ', with one host only'}`];
  if (worst) return [percent(worst.utilisation), `${worst.resource} of ${worst.host}, pages at ${percent(worst.limit)}`];
  return ['–', 'no host is sending'];
}

function help(missing) {
  if (!missing) return '';
  const hosts = `+${count(missing.hosts, 'host', 'hosts')} like ${missing.like}`;
  const each = missing.or_each;
  return `what helps: ${hosts}${each ? `, or ${each.text} on each` : ''}`;
}

// "full in about 14 min (9 to 25 min) · first limit: cpu of fe2"
function until({capacity, outlook}) {
  if (capacity.headroom === null) return capacity.unknown ? `Capacity not known yet – ${capacity.unknown.text}` : '';
  const parts = [];
  if (outlook?.left_s === 0) parts.push('full now');
  else if (outlook && outlook.left_s !== null) parts.push(`full in about ${about(outlook.left_s)} (${between(outlook.early_s, outlook.late_s)})`);
  else if (outlook && capacity.headroom >= 0) parts.push(outlook.growth_in_s ? `growth can be told in ${about(outlook.growth_in_s)}` : 'not filling up');
  if (outlook?.doubling_s) parts.push(`doubles every ${about(outlook.doubling_s)}`);
  if (capacity.headroom < 0 && capacity.spare) parts.push(`would not survive the loss of ${capacity.worst_loss ?? 'a host'}`);
  if (capacity.first_limit) parts.push(`first limit: ${capacity.first_limit} of ${capacity.first_host}`);
  parts.push(help(capacity.missing));
  return parts.filter(Boolean).join(' · ');
}

function facts({hosts, traffic, capacity, worst}) {
  const up = hosts.silent > 0 ? `${hosts.up} of ${count(hosts.total, 'host', 'hosts')} heard` : count(hosts.total, 'host', 'hosts');
  const flow = traffic ? `${amount(traffic.value)} ${traffic.unit}` : '';
  if (capacity.headroom === null) return [up, flow].filter(Boolean).join(' · ');
  const without = capacity.spare && capacity.worst_loss ? ` without ${capacity.worst_loss}` : '';
  const can = `can take ${range(capacity.spare ?? capacity.whole)}${without}, ${capacity.source}${capacity.sure ? '' : ', too uncertain to page by'}`;
  return [up, flow, can, worst ? `${worst.resource} of ${worst.host} ${percent(worst.utilisation)}` : ''].filter(Boolean).join(' · ');
}

// The bar ends at what the whole pool can take; the painted line is what it can take after a loss.
function setMark(element, {traffic, capacity: {whole, spare}}) {
  const end = Math.max(whole.p50, traffic?.value ?? 0) * 1.04;
  const mark = (spare ?? whole).p50;
  setBar(element, (traffic?.value ?? 0) / end, {warn: WATCH_SHARE * mark / end, page: mark / end});
}

export function updatePool(item, pool, limits) {
  const name = stateOf(pool.state);
  const part = selector => item.querySelector(selector);
  item.firstChild.dataset.state = name;
  setText(part('.card-name'), pool.name);
  setState(part('.state'), name);
  const [big, of] = headline(pool);
  setText(part('.big'), big);
  setText(part('.of'), of);
  if (pool.capacity.headroom === null) setBar(part('.bar'), pool.worst?.utilisation, limits[pool.worst?.resource]);
  else setMark(part('.bar'), pool);
  setText(part('.until'), until(pool));
  setText(part('.facts'), facts(pool));
}
