// plot.js - what all charts share: colours, gaps, the cursor.

export const STROKES = [null, [6, 3], [2, 3]];

export const css = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Slanted lines over a field: nothing is known here.
export function hatch(context, {x, y, w, h}) {
  context.save();
  context.beginPath();
  context.rect(x, y, w, h);
  context.clip();
  context.strokeStyle = css('--gap');
  context.lineWidth = 3;
  context.beginPath();
  for (let at = x - (x % 9) - h; at < x + w; at += 9) {
    context.moveTo(at, y + h);
    context.lineTo(at + h, y);
  }
  context.stroke();
  context.restore();
}

// A dashed line with a flag at the top: something happened here.
export function flag(context, {y, h}, x, colour) {
  context.save();
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 1;
  context.setLineDash([2, 4]);
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x, y + h);
  context.stroke();
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x + 8, y + 4);
  context.lineTo(x, y + 8);
  context.fill();
  context.restore();
}

// A vertical line at the chosen moment, in every chart.
export const CURSOR = {
  activate: () => ({
    select: ({dygraph}) => {
      const point = dygraph.selPoints_[0];
      if (!point) return;
      const {h, y} = dygraph.getArea();
      const context = dygraph.canvas_ctx_;
      context.strokeStyle = css('--quiet');
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(Math.floor(point.canvasx) + 0.5, y);
      context.lineTo(Math.floor(point.canvasx) + 0.5, y + h);
      context.stroke();
    },
  }),
  toString: () => 'Cursor',
};

// The legend is ours, and theirs writes style attributes, which the page's policy forbids.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter(plugin => plugin !== Dygraph.Plugins.Legend);

// Colours are options of a graph: `rebuild` makes it anew.
export function onSchemeChange(rebuild) {
  for (const query of ['(prefers-color-scheme: dark)', '(prefers-contrast: more)'])
    matchMedia(query).addEventListener('change', rebuild);
}
