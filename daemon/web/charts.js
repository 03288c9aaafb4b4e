// The two plots, by uPlot (MIT, uplot/LICENSE). Colours are the page's, also when the system turns dark.
import {at} from "./dom.js";
import {duration} from "./text.js";

const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const plots = new Map();

// A plot is made anew when its form changes, and only given new data otherwise.
function draw(id, form, options, data) {
  const holder = at(id);
  const width = Math.max(260, holder.clientWidth), height = 260;
  const old = plots.get(id);
  const sign = JSON.stringify([form, width, colour("--text")]);
  if (old && old.sign === sign) {
    old.plot.setData(data);
    return;
  }
  old?.plot.destroy();
  plots.set(id, {sign, plot: new uPlot({width, height, legend: {show: false}, cursor: {drag: {x: false, y: false}}, ...options()}, data, holder)});
}

const axis = extra => ({stroke: colour("--quiet"), grid: {stroke: colour("--line"), width: 1}, ticks: {stroke: colour("--line")}, ...extra});

function verticals(lines) {
  return plot => {
    const {ctx, bbox} = plot;
    ctx.save();
    for (const line of lines()) {
      const x = Math.round(plot.valToPos(line.at, "x", true));
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = colour(line.colour);
      ctx.lineWidth = devicePixelRatio * (line.width || 1);
      ctx.setLineDash((line.dash || []).map(part => part * devicePixelRatio));
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (line.label) {
        ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
        ctx.textBaseline = "top";
        const one = devicePixelRatio, wide = ctx.measureText(line.label).width, top = bbox.top + (line.row || 0) * 15 * one;
        const right = x + wide + 8 * one > bbox.left + bbox.width;
        ctx.textAlign = right ? "right" : "left";
        ctx.fillStyle = colour("--card");  // other lines end at the text
        ctx.fillRect(right ? x - wide - 6 * one : x + 2 * one, top, wide + 4 * one, 15 * one);
        ctx.fillStyle = colour(line.colour);
        ctx.fillText(line.label, x + (right ? -4 : 4) * one, top + 2);
      }
    }
    ctx.restore();
  };
}

const short = seconds => (seconds < 3600 ? `${seconds / 60} min` : seconds < 86400 ? `${seconds / 3600} h` : `${seconds / 86400} d`);

// Where a delay lies on an axis whose steps are the histogram's bounds.
function place(bounds, value) {
  const above = bounds.findIndex(bound => value <= bound);
  if (above < 0) return bounds.length;
  const low = above ? bounds[above - 1] : 0;
  return above - 0.5 + (value - low) / (bounds[above] - low);
}

let delayLines = [];
export function drawDelays(bounds, counts, cycle) {
  delayLines = cycle ? [{at: place(bounds, cycle), colour: "--good", width: 2, label: `one cycle (${duration(cycle)})`},
                        {at: place(bounds, 2 * cycle), colour: "--warn", width: 2, label: "two", row: 1}] : [];
  const labels = [...bounds.map(short), "more"];
  draw("delay-chart", ["delay", bounds, cycle], () => ({
    scales: {x: {time: false, range: [-0.7, bounds.length + 0.7]}, y: {range: (_, low, high) => [0, Math.max(1, high * 1.3)]}},
    axes: [axis({splits: () => labels.map((_, i) => i), space: 10, incrs: [1],
                 values: (plot, splits) => splits.map(i => (plot.width > 760 || i % 3 === 2 ? labels[i] : ""))}),
           axis({size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6]})],
    series: [{}, {paths: uPlot.paths.bars({size: [0.85, 80]}), fill: colour("--bar"), stroke: colour("--bar"), points: {show: false}}],
    hooks: {draw: [verticals(() => delayLines)]},
  }), [labels.map((_, i) => i), counts]);
}

let cycleLines = [], cycleRange = [0, 1];
// `observed` and `configured`: when cycles were to be expected, by what the writes show and by the configuration.
export function drawCycles(bursts, observed, configured, next, now, from) {
  cycleRange = [from, Math.max(now, next || 0) + (now - from) * 0.03];
  cycleLines = [...configured.map(at => ({at, colour: "--plan", dash: [1, 3], width: 1.5})),
                ...observed.map(at => ({at, colour: "--cycle", dash: [5, 4]})), {at: now, colour: "--quiet", dash: [4, 4], label: "now", row: 1},
                ...(next ? [{at: next, colour: "--good", width: 2, label: "next expected"}] : [])];
  draw("cycle-chart", "cycles", () => ({
    scales: {x: {time: true, range: () => cycleRange}, y: {range: (_, low, high) => [0, Math.max(1, high * 1.3)]}},
    axes: [axis({}), axis({size: 56, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6], label: "keys written at once", stroke: colour("--quiet")})],
    series: [{}, {paths: uPlot.paths.bars({size: [0.3, 8, 2]}), fill: colour("--bar"), stroke: colour("--bar"), points: {show: false}}],
    hooks: {drawAxes: [verticals(() => cycleLines)]},
  }), bursts.length ? [bursts.map(b => b.at), bursts.map(b => b.keys)] : [[from], [null]]);
}
