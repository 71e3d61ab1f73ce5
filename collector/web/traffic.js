// traffic.js - the traffic of one pool: what came, what is usual, what is foreseen, and the line it
// must not cross. The curves come from /outlook every FETCH_MS.

import {CURSOR, css, flag, hatch, onSchemeChange} from './plot.js';
import {about, amount, isUtc, moment} from './words.js';

const HOUR_MS = 3600 * 1000;
const YOUNG_MS = 60 * 1000;
const FETCH_MS = 10000;
const SERIES = [['came', null], ['usual', [2, 3]], ['foreseen', [6, 3]]];

export class Traffic {
  constructor(root) {
    this.root = root;
    this.pool = null; // its name
    this.spanMs = 15 * 60 * 1000;
    this.curves = null; // the newest answer of /outlook
    this.marks = [];
    this.coarse = matchMedia('(pointer: coarse)').matches;
    root.innerHTML = '<figcaption><ul class="legend"></ul><span class="chart-at"></span></figcaption><div class="plot" role="img"></div>';
    this.values = SERIES.map(([name], i) => {
      const item = document.createElement('li');
      item.innerHTML = `<svg class="swatch swatch-t${i + 1}" viewBox="0 0 20 8" aria-hidden="true"><path d="M0 4h20"/></svg>${name} <b>–</b>`;
      root.querySelector('.legend').append(item);
      return item.querySelector('b');
    });
    this.plot = root.querySelector('.plot');
    onSchemeChange(() => this.rebuild());
  }

  // Show `pool` (one of a `state` event, or null) from here on.
  show(pool) {
    const other = pool?.name !== this.pool;
    this.live = pool;
    this.pool = pool?.name ?? null;
    this.root.hidden = !pool;
    if (!other) return;
    this.curves = null;
    this.fetch();
  }

  async fetch() {
    clearTimeout(this.timer);
    this.loading?.abort();
    if (!this.pool) return;
    this.loading = new AbortController();
    const {signal} = this.loading;
    try {
      const answer = await fetch(`/api/v1/pools/${encodeURIComponent(this.pool)}/outlook`, {signal});
      if (answer.ok) this.curves = await answer.json();
    } catch (error) {
      if (error.name === 'AbortError') return;
      // The banner of a broken stream says it; the curves stay as they are.
    }
    this.timer = setTimeout(() => this.fetch(), FETCH_MS);
    this.draw(this.now);
  }

  setSpan(minutes) {
    this.spanMs = minutes * 60 * 1000;
    this.draw(this.now);
  }

  // What began when: [{t, text, shown}]; `shown` is the state whose colour it has.
  setMarks(marks) {
    this.marks = [...marks].sort((a, b) => a.t - b.t);
  }

  // Draw everything as of `now`, once a second.
  draw(now) {
    this.now = now;
    if (!this.curves || !this.live || !now) return;
    const rows = this.#rows();
    const dateWindow = [this.#start(), now + this.#ahead()];
    const options = {file: rows, dateWindow, valueRange: [0, this.#top(rows, dateWindow)]};
    if (this.graph) this.graph.updateOptions(options);
    else this.graph = this.#graph(rows, options);
    if (!this.chosen) this.#legend(this.#newest());
    this.root.dataset.points = this.curves.actual.length;
    this.root.dataset.foreseen = this.curves.foreseen.length;
    this.root.dataset.flags = this.marks.filter(({t}) => t >= dateWindow[0]).length;
  }

  // [time, came, usual, foreseen]: null joins its neighbours, NaN is a gap.
  #rows() {
    const rows = new Map();
    const put = (t, column, value) => {
      if (!rows.has(t)) rows.set(t, [new Date(t), null, null, null]);
      rows.get(t)[column] = value;
    };
    const {actual, usual, foreseen} = this.curves;
    for (const [t, value] of actual) put(Math.min(t, Math.round(this.now)), 1, value ?? NaN); // the newest is not over
    for (const [t, value] of usual) put(t, 2, value ?? NaN);
    for (const [t, value] of foreseen) put(t, 3, value);
    return [...rows.values()].sort(([a], [b]) => a - b);
  }

  // The legend of now: the traffic as the pool's card has it, and what was expected of it.
  #newest() {
    const last = points => points.findLast(([t]) => t <= this.now)?.[1];
    return [null, this.live.traffic?.value, last(this.curves.usual), last(this.curves.foreseen)];
  }

  #start() {
    const first = this.curves.actual[0]?.[0] ?? this.now;
    return Math.max(this.now - this.spanMs, Math.min(first, this.now - YOUNG_MS));
  }

  // As much of the future as of the past, if anything is known of it.
  #ahead() {
    const {usual, foreseen} = this.curves;
    const knows = foreseen.length > 0 || usual.some(([t, value]) => t > this.now && value !== null);
    return knows ? Math.min(this.now - this.#start(), HOUR_MS) : 0;
  }

  #top(rows, [from, to]) {
    const {whole, spare} = this.live.capacity;
    let top = Math.max(10, (spare ?? whole)?.p50 ?? 0);
    for (const row of rows)
      if (row[0] >= from && row[0] <= to) for (const value of row.slice(1)) if (value) top = Math.max(top, value);
    return top * 1.12;
  }

  #legend(row) {
    this.values.forEach((value, i) => {
      const shown = row?.[i + 1];
      value.textContent = shown === null || shown === undefined || Number.isNaN(shown) ? '–' : amount(shown);
    });
    const at = this.root.querySelector('.chart-at');
    at.textContent = this.chosen && row ? moment(+row[0], this.now) : this.live.traffic?.unit ?? '';
    if (!this.chosen) this.plot.setAttribute('aria-label', `Traffic of ${this.pool}: ${this.values[0].textContent} ${this.live.traffic?.unit ?? ''}`);
  }

  #graph(rows, options) {
    const grid = css('--grid');
    const axis = {gridLineColor: grid, axisLineColor: grid};
    return new Dygraph(this.plot, rows, {
      ...options,
      labels: ['time', ...SERIES.map(([name]) => name)],
      labelsUTC: isUtc(),
      connectSeparatedPoints: true,
      colors: [css('--series-1'), css('--quiet'), css('--series-2')],
      series: Object.fromEntries(SERIES.map(([name, strokePattern]) => [name, {strokePattern}])),
      strokeWidth: 1.8,
      axisLabelFontSize: 12,
      axes: {
        x: {...axis, axisLabelWidth: 64, pixelsPerLabel: 72},
        y: {...axis, axisLabelFormatter: amount, axisLabelWidth: 58, pixelsPerLabel: 34},
      },
      plugins: [CURSOR],
      interactionModel: this.coarse ? {} : {mousemove: Dygraph.defaultInteractionModel.mousemove},
      underlayCallback: (context, area, graph) => this.#under(context, area, graph),
      highlightCallback: (event, x) => this.#choose(x),
      unhighlightCallback: () => this.#choose(null),
    });
  }

  #choose(x) {
    this.chosen = x;
    const rows = this.#rows();
    this.#legend(x === null ? this.#newest() : rows.find(([t]) => +t === x));
  }

  // Behind the curves: the future, the gaps, and the lines of what the pool can take.
  #under(context, area, graph) {
    const {whole, spare} = this.live.capacity;
    context.save();
    context.beginPath();
    context.rect(area.x, area.y, area.w, area.h);
    context.clip();
    context.font = '12px system-ui, sans-serif';
    this.#gaps(context, area, graph);
    const now = graph.toDomXCoord(this.now);
    if (now < area.x + area.w - 1) {
      context.fillStyle = css('--future');
      context.fillRect(now, area.y, area.w, area.h);
      context.fillStyle = css('--quiet');
      context.fillText('now', now + 4, area.y + area.h - 6);
    }
    this.#flags(context, area, graph);
    if (spare) this.#line(context, area, graph, spare, `${amount(spare.p50)}/s: what is left after losing a host (N\u22121)`, []);
    if (whole) this.#line(context, area, graph, whole, `${amount(whole.p50)}/s: all hosts`, [8, 4]);
    context.restore();
  }

  #gaps(context, area, graph) {
    const known = this.curves.actual.filter(([, value]) => value !== null).map(([t]) => t);
    known.forEach((t, i) => {
      if (i === 0 || t - known[i - 1] < 2 * FETCH_MS) return;
      const left = graph.toDomXCoord(known[i - 1]), right = graph.toDomXCoord(t);
      hatch(context, {...area, x: left, w: right - left});
    });
  }

  // Names that would run into each other stand below each other.
  #flags(context, area, graph) {
    let right = -Infinity, row = 0;
    for (const {t, text, shown} of this.marks) {
      const x = Math.round(graph.toDomXCoord(t)) + 0.5;
      if (x < area.x || x > area.x + area.w) continue;
      row = x < right ? row + 1 : 0;
      right = x + 14 + context.measureText(text).width;
      flag(context, area, x, css(`--${shown}`));
      context.fillStyle = css('--ink');
      const width = context.measureText(text).width;
      const beside = x + 11 + width > area.x + area.w ? x - 3 - width : x + 11;
      context.fillText(text, beside, area.y + 10 + 14 * row);
    }
  }

  // A capacity with its range as a band, and where on it the traffic is expected to arrive.
  #line(context, area, graph, {p10, p50, p90}, text, dash) {
    const y = value => Math.round(graph.toDomYCoord(value)) + 0.5;
    if (y(p50) < area.y) return; // too far above to be drawn
    context.fillStyle = css('--band');
    context.fillRect(area.x, y(p90), area.w, y(p10) - y(p90));
    context.strokeStyle = context.fillStyle = css('--ink');
    context.lineWidth = dash.length ? 1.2 : 2;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(area.x, y(p50));
    context.lineTo(area.x + area.w, y(p50));
    context.stroke();
    context.setLineDash([]);
    context.fillText(text, area.x + 6, y(p50) + 14);
    const {outlook} = this.live;
    if (!outlook?.left_s || Math.abs(outlook.of - p50) > 0.01 * p50) return;
    const from = graph.toDomXCoord(this.now + 1000 * outlook.early_s), to = graph.toDomXCoord(this.now + 1000 * outlook.late_s);
    context.strokeStyle = css('--series-2');
    context.lineWidth = 6;
    context.beginPath();
    context.moveTo(from, y(p50));
    context.lineTo(to, y(p50));
    context.stroke();
    if (from < area.x + area.w - 90) context.fillText(`in about ${about(outlook.left_s)}`, from, y(p50) - 8);
  }

  rebuild() {
    this.graph?.destroy();
    this.graph = null;
    this.draw(this.now);
  }
}
