// What is drawn beside the line: gaps, bad quality, limits. Each has a shape or a word of its own.

import type uPlot from "uplot";

import type { Limits } from "../engine/shapes";
import { words } from "../text/words";

import type { Colours } from "./chart";
import type { Hole, Trace } from "./trace";

const HATCH_PX = 8;
const STRIP_PX = 6;
const CROSS_PX = 3.5;

const LIMITS: [keyof Limits, string][] = [
  ["high_high", "HH"],
  ["high", "H"],
  ["low", "L"],
  ["low_low", "LL"],
];

type Context = CanvasRenderingContext2D;

/** Below the line. */
export function drawUnder(plot: uPlot, trace: Trace, colours: Colours): void {
  inside(plot, (context) => {
    for (const gap of trace.gaps) drawGap(plot, context, gap, colours);
  });
}

/** Above the line. */
export function drawOver(plot: uPlot, trace: Trace, limits: Limits | null, colours: Colours): void {
  inside(plot, (context) => {
    drawBad(plot, context, trace, colours);
    if (limits) drawLimits(plot, context, limits, colours);
  });
}

function inside(plot: uPlot, draw: (context: Context) => void): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
  draw(ctx);
  ctx.restore();
}

function across(plot: uPlot, from: number, to: number): [number, number] {
  const { left, width } = plot.bbox;
  const at = (x: number) => Math.min(Math.max(plot.valToPos(x, "x", true), left), left + width);
  return [at(from), at(to)];
}

/** A gap is hatched, and says why nothing is there. */
function drawGap(plot: uPlot, context: Context, gap: Hole, colours: Colours): void {
  const [left, right] = across(plot, gap.from, gap.to);
  const width = Math.max(right - left, devicePixelRatio);
  if (right <= plot.bbox.left || left >= plot.bbox.left + plot.bbox.width) return;
  const { top, height } = plot.bbox;
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  context.strokeStyle = colours.grid;
  context.lineWidth = devicePixelRatio;
  const step = HATCH_PX * devicePixelRatio;
  context.beginPath();
  for (let x = left - height - ((left - height) % step); x < right; x += step) {
    context.moveTo(x, top + height);
    context.lineTo(x + height, top);
  }
  context.stroke();
  const text = `gap: ${words(gap.reason)}`;
  if (context.measureText(text).width < width - 8 * devicePixelRatio) {
    context.fillStyle = colours.muted;
    context.fillText(text, left + 4 * devicePixelRatio, top + 16 * devicePixelRatio);
  }
  context.restore();
}

/** Bad readings are crosses instead of a line, over a strip along the bottom. */
function drawBad(plot: uPlot, context: Context, trace: Trace, colours: Colours): void {
  const { top, height } = plot.bbox;
  const strip = STRIP_PX * devicePixelRatio;
  context.fillStyle = colours.bad;
  context.strokeStyle = colours.bad;
  for (const { from, to } of trace.bad) {
    const [left, right] = across(plot, from, to);
    if (right > left) context.fillRect(left, top + height - strip, right - left, strip);
  }
  const size = CROSS_PX * devicePixelRatio;
  context.lineWidth = 1.5 * devicePixelRatio;
  context.beginPath();
  for (const mark of trace.marks) {
    const [x, y] = [plot.valToPos(mark.x, "x", true), plot.valToPos(mark.y, "y", true)];
    context.moveTo(x - size, y - size);
    context.lineTo(x + size, y + size);
    context.moveTo(x + size, y - size);
    context.lineTo(x - size, y + size);
  }
  context.stroke();
}

/** Limits are dashed, with their names at the right. */
function drawLimits(plot: uPlot, context: Context, limits: Limits, colours: Colours): void {
  const { left, width } = plot.bbox;
  context.strokeStyle = colours.muted;
  context.fillStyle = colours.muted;
  context.lineWidth = devicePixelRatio;
  context.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  context.textAlign = "right";
  for (const [name, word] of LIMITS) {
    const limit = limits[name];
    if (limit === null) continue;
    const y = plot.valToPos(limit, "y", true);
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(left + width, y);
    context.stroke();
    context.fillText(word, left + width - 4 * devicePixelRatio, y - 4 * devicePixelRatio);
  }
}
