// report.js - what came of a launch: forecast against actual as a picture, and what happened meanwhile.
//
// The picture is an SVG made here: the band up to the worst case, the line of what was expected, and
// what came over both. A stretch in which nobody looked is a gap in the line. A table under it says the
// same for those who do not see it.

import {node, setText} from './parts.js';
import {amount, percent} from './words.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 640, HEIGHT = 240, LEFT = 48, BOTTOM = 28, TOP = 10, RIGHT = 8;

function shapeOf(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function label(x, y, text, anchor) {
  const element = shapeOf('text', {x, y, 'text-anchor': anchor, class: 'report-label'});
  element.textContent = text;
  return element;
}

const clock = ms => new Date(ms).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});

// One path per unbroken stretch.
function line(points, member, x, y) {
  let path = '', open = false;
  for (const point of points) {
    if (point[member] === null) open = false;
    else path += `${open ? 'L' : 'M'}${x(point[0]).toFixed(1)} ${y(point[member]).toFixed(1)}`;
    if (point[member] !== null) open = true;
  }
  return path;
}

export function chart(report) {
  const points = report.points, seen = points.filter(point => point[1] !== null);
  const most = Math.max(1, ...seen.flatMap(point => point.slice(1)));
  const first = points[0][0], last = Math.max(points.at(-1)[0], first + 1000 * report.step_s);
  const x = ms => LEFT + (ms - first) / (last - first) * (WIDTH - LEFT - RIGHT);
  const y = value => HEIGHT - BOTTOM - value / most * (HEIGHT - BOTTOM - TOP);
  const svg = shapeOf('svg', {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: 'report-chart', role: 'img'});
  const title = shapeOf('title', {});
  title.textContent = `What came and what was expected, ${report.unit}`;
  const band = seen.length ? `M${x(seen[0][0])} ${y(0)}${seen.map(([ms, , , p90]) => `L${x(ms).toFixed(1)} ${y(p90).toFixed(1)}`).join('')}L${x(seen.at(-1)[0])} ${y(0)}Z` : '';
  svg.append(title, shapeOf('path', {d: band, class: 'report-worst'}), shapeOf('path', {d: line(points, 2, x, y), class: 'report-expected'}),
             shapeOf('path', {d: line(points, 1, x, y), class: 'report-came'}),
             shapeOf('path', {d: `M${LEFT} ${TOP}V${y(0)}H${WIDTH - RIGHT}`, class: 'report-axis'}),
             label(LEFT - 6, TOP + 10, amount(most), 'end'), label(LEFT - 6, y(0), '0', 'end'),
             label(LEFT, HEIGHT - 8, clock(first), 'start'), label(WIDTH - RIGHT, HEIGHT - 8, clock(last), 'end'));
  return svg;
}

function deeds(title, list) {
  if (!list.length) return [];
  const items = node('ul', 'deeds');
  for (const deed of list) items.append(node('li', '', `${clock(Date.parse(deed.time))}  ${deed.text}`));
  return [node('h3', '', title), items];
}

function learned(knows) {
  const lines = knows.channels.map(({type, factor, events}) => `${type}: ${factor.toFixed(2)} times our guess, by ${events} earlier`);
  if (knows.multiplier) lines.push(`events of this kind: ${knows.multiplier.factor.toFixed(2)} times our guess, by ${knows.multiplier.events} earlier`);
  if (!lines.length) return [];
  const items = node('ul', 'deeds');
  for (const text of lines) items.append(node('li', '', text));
  return [node('h3', '', 'What the next forecast rests on'), items];
}

function table(report) {
  const rows = node('dl', 'numbers');
  const row = (name, value) => {
    const item = node('div');
    item.append(node('dt', '', name), node('dd', '', value));
    rows.append(item);
  };
  row('most expected', `${amount(report.expected.p50)}–${amount(report.expected.p90)}`);
  row('most that came', amount(report.peak));
  row('left at the least', percent(Math.max(report.least_headroom, 0)));
  row('pages', String(report.pages));
  return rows;
}

// Fill `place` with the report of that launch; nothing before it has begun.
export async function showReport(place, launch) {
  if (!launch.seen?.live_at && !launch.upgrades?.length) {
    place.replaceChildren();
    return;
  }
  const answer = await fetch(`/api/v1/launches/${encodeURIComponent(launch.id)}/report`).catch(() => null);
  if (!answer?.ok) return;
  const report = await answer.json();
  const parts = [node('h3', '', 'What came of it'), node('p', 'sentence', report.text)];
  if (report.points.some(point => point[1] !== null)) {
    const legend = node('p', 'empty', `The line is what came, the dashed one what we expected, the shade our worst case; ${report.unit}.`);
    parts.push(chart(report), legend);
  }
  parts.push(table(report), ...deeds('What happened', report.deeds),
             ...deeds('Packages that changed although they were to stay as they are', report.upgrades ?? []), ...learned(report.learned));
  place.replaceChildren(...parts);
}

export async function showQuality(place) {
  const answer = await fetch('/api/v1/launches/quality').catch(() => null);
  if (!answer?.ok) return;
  const quality = await answer.json();
  setText(place, quality.launches ? quality.text : '');
}
