// words.js - how things are said: states, shares, durations, times.

// One state: the word, and how loud it is (worse is larger).
export const STATES = {
  nodata: {word: 'no data yet', rank: 0, mark: '◌'},
  ok: {word: 'ok', rank: 1, mark: '○'},
  watch: {word: 'watch', rank: 2, mark: '△'},
  act: {word: 'act now', rank: 3, mark: '◆'},
  silent: {word: 'silent', rank: 4, mark: '■'},
};

export const stateOf = name => STATES[name] ? name : 'nodata';

// What is said of a launch before it, and how far it is.
export const VERDICTS = {
  green: {word: 'It fits', shape: 'ok'},
  amber: {word: 'It fits, just', shape: 'watch'},
  unknown: {word: 'Nobody knows yet', shape: 'nodata'},
  red: {word: 'Not safe as it is', shape: 'act'},
  black: {word: 'It will not hold', shape: 'silent'},
};
export const LAUNCH_STATES = {
  scheduled: 'noted', preparing: 'in preparation', armed: 'about to start, we are watching', live: 'live, we are watching',
  cooling: 'cooling down', done: 'over', absent: 'nobody came', cancelled: 'cancelled',
};

// Shapes on a 16 x 16 field, one per state, so that no state is told by colour alone.
const SHAPES = {
  nodata: '<circle cx="8" cy="8" r="6"/>',
  ok: '<circle cx="8" cy="8" r="5.5"/>',
  watch: '<path d="M8 1.5 15 14.5H1Z"/>',
  act: '<path d="M8 .5 15.5 8 8 15.5 .5 8Z"/>',
  silent: '<path d="M2 2h12v12H2Z"/>',
};

export function shape(state) {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', `shape shape-${state}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.innerHTML = SHAPES[state];
  return svg;
}

// The tab's icon, drawn like the shape. Its colours stand on the browser's own background.
const ICON_COLOURS = {nodata: '#7a8793', ok: '#009e73', watch: '#e69f00', act: '#d55e00', silent: '#8a5cc7'};

export function iconUrl(state) {
  const paint = state === 'ok' || state === 'nodata'
    ? `fill="none" stroke="${ICON_COLOURS[state]}" stroke-width="3.5"`
    : `fill="${ICON_COLOURS[state]}"`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><g ${paint}>${SHAPES[state]}</g></svg>`;
  return 'data:image/svg+xml,' + encodeURIComponent(svg);
}

// Shares are cut, not rounded up: 0.8999 of a limit of 0.9 is not 90 %. The blank does not break.
export const percent = share => `${Math.floor(share * 100 + 1e-9)}\u00a0%`;

export function count(n, one, many) {
  return `${n} ${n === 1 ? one : many}`;
}

// "12 s", "3 min 20 s", "2 h 5 min", "4 d 3 h"
export function duration(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const pair = (a, aUnit, b, bUnit) => b ? `${a} ${aUnit} ${b} ${bUnit}` : `${a} ${aUnit}`;
  if (s < 60) return `${s} s`;
  if (s < 3600) return pair(Math.floor(s / 60), 'min', s % 60, 's');
  if (s < 86400) return pair(Math.floor(s / 3600), 'h', Math.floor(s / 60) % 60, 'min');
  return pair(Math.floor(s / 86400), 'd', Math.floor(s / 3600) % 24, 'h');
}

// A time that is only roughly known: "50 s", "14 min", "2.5 h".
const roughly = s => s < 90 ? [Math.round(s / 10) * 10, 's'] : s < 5400 ? [Math.round(s / 60), 'min'] : [Math.round(s / 360) / 10, 'h'];

export function about(seconds) {
  return roughly(seconds).join('\u00a0');
}

// "9 to 25 min", "50 s to 3 min"
export function between(early, late) {
  const [a, unit] = roughly(early), [b, lateUnit] = roughly(late);
  return unit === lateUnit ? `${a} to ${b}\u00a0${unit}` : `${a}\u00a0${unit} to ${b}\u00a0${lateUnit}`;
}

// Up to three digits and a unit prefix: 12.3 k, 4.56 M.
export function amount(value) {
  const size = Math.abs(value);
  const [scale, prefix] = size >= 1e9 ? [1e9, ' G'] : size >= 1e6 ? [1e6, ' M'] : size >= 1e4 ? [1e3, ' k'] : [1, ''];
  const digits = size / scale >= 100 ? 0 : size / scale >= 10 ? 1 : 2;
  return Number((value / scale).toFixed(digits)) + prefix;
}

// ---- time zone: UTC or the browser's, remembered, always printed ----

const LOCAL_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone || 'local';
let zone = 'utc';
try {
  if (localStorage.getItem('zone') === 'local') zone = 'local';
} catch {
  // storage may be switched off; UTC then
}

export const isUtc = () => zone === 'utc';
export const zoneName = () => isUtc() ? 'UTC' : LOCAL_ZONE;

export function switchZone() {
  zone = isUtc() ? 'local' : 'utc';
  try {
    localStorage.setItem('zone', zone);
  } catch {
    // not remembered then
  }
}

function parts(ms, options) {
  return new Intl.DateTimeFormat('en-GB', {...options, hourCycle: 'h23', timeZone: isUtc() ? 'UTC' : undefined}).format(ms);
}

// "14:03:12", without the zone: only where the zone stands beside it.
export const clock = ms => parts(ms, {hour: '2-digit', minute: '2-digit', second: '2-digit'});
export const hourMinute = ms => parts(ms, {hour: '2-digit', minute: '2-digit'});

// "14:03:12 UTC", with the day if it is not today.
export function moment(ms, now) {
  const day = t => parts(t, {year: 'numeric', month: '2-digit', day: '2-digit'});
  const date = day(ms) === day(now) ? '' : parts(ms, {day: 'numeric', month: 'short'}) + ' ';
  return `${date}${clock(ms)} ${zoneName()}`;
}
