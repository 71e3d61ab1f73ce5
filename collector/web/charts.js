// charts.js - the charts of one host: the last hour from /series, then a point per sample.
//
// All charts share one list of rows, [time, value of every metric in METRICS], oldest first, so one
// cursor and one time window serve all. A gap is a row of nulls: dygraphs then breaks the line, and
// the gap is shaded behind it. A sample that comes late (an agent resends what was not stored) finds
// its place in the list and closes its gap.

import {CURSOR, STROKES, css, flag, hatch, onSchemeChange} from './plot.js';
import {setText} from './parts.js';
import {amount, isUtc, moment, percent} from './words.js';

const HOUR_MS = 3600 * 1000;
const GAP_INTERVALS = 2.5; // this many intervals without a sample are a gap
const YOUNG_MS = 60 * 1000;
const RETRY_MS = 5000;
const NARROW_PX = 820;
const NARROW_STEP_S = 5; // a phone has no room for 3,600 points

const bits = kbit => amount(kbit * 1000);

// One chart: its series as [metric, name, right axis?]. An optional one is there for hosts that report
// any of its metrics: not every agent watches a service or has a status page to ask.
const CHARTS = [
  {
    id: 'cpu', title: 'CPU', format: percent, range: [0, 1.04], limit: 'cpu',
    series: [['cpu.busy', 'busy'], ['cpu.iowait', 'I/O wait'], ['cpu.steal', 'stolen']],
  },
  {
    id: 'memory', title: 'Memory', format: percent, range: [0, 1.04], limit: 'memory',
    series: [['memory.used', 'used'], ['swap.used', 'swap used']],
  },
  {
    id: 'pressure', title: 'Time tasks were stalled', format: percent, range: [0, null], floor: 0.1,
    series: [['pressure.cpu.some', 'for CPU'], ['pressure.memory.full', 'for memory'], ['pressure.io.full', 'for I/O']],
  },
  {
    id: 'tcp', title: 'TCP connections', format: amount, range: [0, null], floor: 10,
    series: [['tcp.accepted', 'accepted/s'], ['tcp.established', 'established (right)', true]],
  },
  {
    id: 'queue', title: 'Fullest accept queue', format: percent, range: [0, 1.04], limit: 'accept queue',
    series: [['tcp.listen.queue', 'of its backlog']],
  },
  {
    id: 'kills', title: 'Processes killed: out of memory', format: amount, range: [0, null], floor: 1,
    series: [['oom.kills', 'kills/s']],
  },
  {
    id: 'service', title: 'Watched service', format: percent, range: [0, 1.04], optional: true,
    series: [['service.cpu', 'CPU'], ['service.cpu.limit', 'CPU limit'], ['service.memory', 'memory']],
  },
  {
    id: 'requests', title: 'Requests', format: amount, range: [0, null], floor: 10, optional: true,
    series: [['traffic.requests', 'taken/s'], ['traffic.active', 'being served'], ['traffic.waiting', 'waiting']],
  },
  {
    id: 'workers', title: 'Workers of the fullest pool', format: amount, range: [0, null], floor: 2, optional: true,
    series: [['workers.busy', 'busy'], ['workers.max', 'at most']],
  },
  {
    id: 'network', title: 'Network, bit/s', format: bits, range: [0, null], floor: 100,
    series: [['net.received', 'received'], ['net.sent', 'sent']],
  },
];

const METRICS = CHARTS.flatMap(chart => chart.series.map(([metric]) => metric));

export class Charts {
  // root: where the figures go; note(text): what to say above them, '' for nothing.
  constructor(root, note) {
    this.root = root;
    this.note = note;
    this.host = null;
    this.rows = [];
    this.gaps = [];
    this.limits = {};
    this.marks = [];
    this.spanMs = 15 * 60 * 1000;
    this.chosen = null; // the moment under the cursor
    this.problem = '';
    this.zoomed = null; // [from, to] while a part was chosen with the mouse
    this.figures = CHARTS.map((chart, index) => this.#figure(chart, index));
    this.coarse = matchMedia('(pointer: coarse)').matches;
    onSchemeChange(() => this.#rebuild());
  }

  // Show `host` from here on. Its points of the last hour come first.
  async show(host) {
    this.host = host;
    this.rows = [];
    this.zoomed = null;
    await this.reload();
  }

  // Read the last hour again, and keep what came in meanwhile.
  async reload() {
    this.loading?.abort();
    clearTimeout(this.retry);
    const {host} = this;
    if (!host) return;
    const loading = this.loading = new AbortController();
    const step = innerWidth < NARROW_PX ? NARROW_STEP_S : 1;
    this.stepMs = step * 1000;
    try {
      const answers = await Promise.all(METRICS.map(metric => this.#read(host, metric, step, loading.signal)));
      const rows = new Map();
      answers.forEach((points, column) => {
        for (const [t, value] of points) {
          if (!rows.has(t)) rows.set(t, METRICS.map(() => null));
          rows.get(t)[column] = value;
        }
      });
      const live = this.rows;
      this.rows = [...rows].sort(([a], [b]) => a - b).map(([t, values]) => [new Date(t), ...values]);
      for (const row of live) this.#insert(row);
      this.problem = '';
    } catch (error) {
      if (error.name === 'AbortError') return;
      this.problem = `The last hour of ${host} cannot be read: ${error.message} New points appear as they come.`;
      this.retry = setTimeout(() => this.reload(), RETRY_MS);
    }
    this.draw(this.now);
  }

  async #read(host, metric, step, signal) {
    const query = new URLSearchParams({metric, step});
    const answer = await fetch(`/api/v1/hosts/${encodeURIComponent(host)}/series?${query}`, {signal});
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${json.detail}.`);
    return json.points;
  }

  // A `sample` event.
  add({host, t, m}) {
    if (host !== this.host) return;
    this.#insert([new Date(t), ...METRICS.map(metric => m[metric] ?? null)]);
  }

  // In time order; a row of the same moment is kept as it is.
  #insert(row) {
    const {rows} = this;
    let at = rows.length;
    while (at > 0 && rows[at - 1][0] > row[0]) at--;
    if (at > 0 && +rows[at - 1][0] === +row[0]) return;
    rows.splice(at, 0, row);
  }

  setSpan(minutes) {
    this.spanMs = minutes * 60 * 1000;
    this.zoomed = null;
    this.draw(this.now);
  }

  setLimits(limits) {
    this.limits = limits;
  }

  // What is watched on the host beside it; undefined: nothing. A proxy that `passesOn` hides what does the work.
  setService(name, passesOn) {
    const {element} = this.figures.find(({chart}) => chart.id === 'service');
    setText(element.querySelector('h3'), name ? `Service ${name}${passesOn ? ' passes work on: name what does it with agent.service' : ''}` : 'Watched service');
  }

  // What changed on the host: [{t, text}].
  setMarks(marks) {
    this.marks = marks;
  }

  // Draw everything as of `now`, once a second.
  draw(now) {
    this.now = now;
    if (!this.host || !now) return;
    while (this.rows.length > 0 && this.rows[0][0] < now - HOUR_MS) this.rows.shift();
    this.note(this.zoomed
      ? `Standing still at ${moment(this.zoomed[0], now)} to ${moment(this.zoomed[1], now)}. Choose a span to go on live.`
      : this.problem);
    const file = this.#withGaps();
    const dateWindow = this.zoomed ?? [this.#start(), now];
    for (const figure of this.figures) {
      const absent = Boolean(figure.chart.optional) && !this.rows.some(row => figure.columns.some(column => row[column] !== null));
      figure.element.hidden = absent;
      if (absent) continue; // a plot that is not seen has no size
      const data = file.map(row => [row[0], ...figure.columns.map(column => row[column])]);
      if (data.length === 0) data.push([new Date(now), ...figure.columns.map(() => null)]);
      if (figure.graph) figure.graph.updateOptions({file: data, dateWindow, valueRange: this.#range(figure, dateWindow)});
      else figure.graph = this.#graph(figure, data, dateWindow);
      if (this.chosen === null) this.#legend(figure, this.rows.at(-1));
      figure.element.dataset.points = this.rows.length;
      figure.element.dataset.gaps = this.gaps.length;
      figure.element.dataset.newest = +(this.rows.at(-1)?.[0] ?? 0);
    }
    if (this.chosen !== null) this.#choose(this.chosen); // new data took the cursor away
  }

  // A young host fills its charts: they begin with its first sample, but show YOUNG_MS at least.
  #start() {
    const first = this.rows[0]?.[0] ?? this.now;
    return Math.max(this.now - this.spanMs, Math.min(first, this.now - YOUNG_MS));
  }

  // The rows with a row of nulls in every gap; fills this.gaps with [from, to].
  #withGaps() {
    const {rows} = this;
    const steps = rows.slice(-60).map((row, i, all) => i ? row[0] - all[i - 1][0] : 0).slice(1).sort((a, b) => a - b);
    const limit = GAP_INTERVALS * Math.max(this.stepMs ?? 1000, steps[Math.floor(steps.length / 2)] ?? 1000);
    const file = [];
    this.gaps = [];
    rows.forEach((row, i) => {
      const before = rows[i - 1];
      if (before && row[0] - before[0] > limit) {
        file.push([new Date(+before[0] + 1), ...METRICS.map(() => null)]);
        this.gaps.push([+before[0], +row[0]]);
      }
      file.push(row);
    });
    const newest = rows.at(-1)?.[0];
    if (newest && this.now - newest > limit) this.gaps.push([+newest, this.now]);
    return file;
  }

  // Room above the highest value in sight; small noise must not fill the chart.
  #range({chart, columns}, [from, to]) {
    if (chart.range[1] !== null) return chart.range;
    const left = columns.filter((_, i) => !chart.series[i][2]);
    let top = chart.floor;
    for (const row of this.rows)
      if (row[0] >= from && row[0] <= to) for (const column of left) top = Math.max(top, (row[column] ?? 0) * 1.08);
    return [0, chart.format === percent ? Math.min(top, 1.04) : top];
  }

  #figure(chart, index) {
    const before = CHARTS.slice(0, index).reduce((sum, {series}) => sum + series.length, 0);
    const element = document.createElement('figure');
    element.className = 'chart';
    element.dataset.chart = chart.id;
    element.innerHTML = `<figcaption><h3>${chart.title}</h3><ul class="legend"></ul><span class="chart-at"></span></figcaption><div class="plot" role="img"></div>`;
    const legend = element.querySelector('.legend');
    const values = chart.series.map(([, name], i) => {
      const item = document.createElement('li');
      item.innerHTML = `<svg class="swatch swatch-${i + 1}" viewBox="0 0 20 8" aria-hidden="true"><path d="M0 4h20"/></svg>${name} <b>–</b>`;
      legend.append(item);
      return item.querySelector('b');
    });
    this.root.append(element);
    return {
      chart, element, values,
      columns: chart.series.map((_, i) => 1 + before + i),
      plot: element.querySelector('.plot'),
      at: element.querySelector('.chart-at'),
    };
  }

  #legend({chart, columns, values, at, plot}, row, chosen) {
    const texts = columns.map(column => row && row[column] !== null ? chart.format(row[column]) : '–');
    texts.forEach((text, i) => {
      values[i].textContent = text;
    });
    const old = row && this.gaps.at(-1)?.[1] === this.now; // the newest sample is no longer new
    at.textContent = chosen ? moment(+row[0], this.now) : old ? `last at ${moment(+row[0], this.now)}` : '';
    if (!chosen) plot.setAttribute('aria-label', `${chart.title} of ${this.host}, newest: ` + chart.series.map(([, name], i) => `${name} ${texts[i]}`).join(', '));
  }

  #graph(figure, data, dateWindow) {
    const {chart, plot} = figure;
    const grid = css('--grid');
    const series = Object.fromEntries(chart.series.map(([, name, right], i) =>
      [name, {strokePattern: STROKES[i], axis: right ? 'y2' : 'y1'}]));
    const axis = {axisLabelFormatter: chart.format, gridLineColor: grid, axisLineColor: grid};
    return new Dygraph(plot, data, {
      labels: ['time', ...chart.series.map(([, name]) => name)],
      labelsUTC: isUtc(),
      dateWindow,
      valueRange: this.#range(figure, dateWindow),
      colors: chart.series.map((_, i) => css(`--series-${i + 1}`)),
      series,
      strokeWidth: 1.6,
      highlightCircleSize: 3,
      axisLabelFontSize: 12,
      axes: {
        x: {gridLineColor: grid, axisLineColor: grid, axisLabelWidth: 64, pixelsPerLabel: 72},
        y: {...axis, axisLabelWidth: 58, pixelsPerLabel: 34},
        y2: {...axis, axisLabelWidth: 44, independentTicks: true, drawGrid: false, valueRange: [0, null]},
      },
      plugins: [CURSOR],
      ...(this.coarse ? {interactionModel: {}} : {}), // a finger scrolls the page
      underlayCallback: (context, area, graph) => this.#under(figure, context, area, graph),
      highlightCallback: (event, x) => this.#choose(x),
      unhighlightCallback: () => this.#choose(null),
      zoomCallback: (from, to) => this.#zoom(from, to),
    });
  }

  // Shade gaps, mark changes and draw the load lines, behind the data.
  #under({chart}, context, area, graph) {
    context.save();
    context.beginPath();
    context.rect(area.x, area.y, area.w, area.h);
    context.clip();
    context.font = '12px system-ui, sans-serif';
    for (const [from, to] of this.gaps) {
      const left = graph.toDomXCoord(from), right = graph.toDomXCoord(to);
      hatch(context, {...area, x: left, w: right - left});
      context.fillStyle = css('--quiet');
      if (right - left > 60) context.fillText('no data', Math.max(left, area.x) + 6, area.y + area.h - 8);
    }
    for (const {t} of this.marks) {
      const x = Math.round(graph.toDomXCoord(t)) + 0.5;
      if (x >= area.x && x <= area.x + area.w) flag(context, area, x, css('--quiet'));
    }
    const limit = this.limits[chart.limit];
    if (limit) {
      const y = Math.round(graph.toDomYCoord(limit.page)) + 0.5;
      context.strokeStyle = context.fillStyle = css('--ink');
      context.lineWidth = 1.5;
      context.setLineDash([8, 4]);
      context.beginPath();
      context.moveTo(area.x, y);
      context.lineTo(area.x + area.w, y);
      context.stroke();
      context.fillText(`pages at ${percent(limit.page)}`, area.x + 6, y + 14);
    }
    context.restore();
  }

  // The same moment in every chart; null: none.
  #choose(x) {
    if (this.choosing) return; // setSelection calls back
    this.choosing = true;
    this.chosen = x;
    for (const figure of this.figures) {
      const {graph} = figure;
      if (!graph) continue;
      if (x === null) {
        graph.clearSelection();
        this.#legend(figure, this.rows.at(-1));
        continue;
      }
      const row = graph.getRowForX(x);
      if (row === null) continue;
      graph.setSelection(row);
      this.#legend(figure, this.rows.find(([t]) => +t === x), true);
    }
    this.choosing = false;
  }

  #zoom(from, to) {
    const whole = from <= +(this.rows[0]?.[0] ?? 0) && to >= this.now - 1000;
    this.zoomed = whole ? null : [from, to];
    this.draw(this.now);
  }

  // Colours and the time zone are options of a graph that is made anew.
  #rebuild() {
    for (const figure of this.figures) {
      figure.graph?.destroy();
      figure.graph = null;
    }
    this.draw(this.now);
  }

  zoneChanged() {
    this.#rebuild();
  }
}
