// The trend of one point: its history from the store, then what comes in live.

import { ask, clock } from "./engine.js";
import { byId, setText } from "./rows.js";
import { clock as timeOfDay, isBad, value } from "./text.js";

const ROWS_MAX = 10_000;
const PATIENCE_MS = 8000;

let point = null;
let unit = "";
let limits = null;
let seconds = 900;
/** Samples { at, value }, ascending; a value of null breaks the line. */
let samples = [];
let asking = null;
let hover = null;

/** Shows the trend of another point, or of none. */
export function choosePoint(name) {
  if (name === point) return;
  point = name;
  load();
}

/** Takes the latest reading of the point, if it is younger than what is drawn. */
export function feed(reading) {
  unit = reading.unit;
  limits = reading.limits;
  add(reading);
  draw();
}

export function watchTrend() {
  byId("span").addEventListener("change", (event) => {
    seconds = Number(event.target.value);
    load();
  });
  const plot = byId("plot");
  plot.addEventListener("pointermove", (event) => {
    hover = event.offsetX;
    draw();
  });
  plot.addEventListener("pointerleave", () => {
    hover = null;
    draw();
  });
  new ResizeObserver(draw).observe(plot);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}

async function load() {
  asking?.abort();
  samples = [];
  limits = null;
  byId("trend").hidden = point === null;
  if (point === null) return;
  const mine = new AbortController();
  asking = mine;
  const patience = setTimeout(() => mine.abort(), PATIENCE_MS);
  setText(byId("trend-title"), point);
  setText(byId("trend-note"), "reading the history …");
  try {
    const parameters = { point, from: `-${seconds}s`, limit: ROWS_MAX };
    const answer = await ask("api/v1/scada/data", parameters, mine.signal);
    if (asking !== mine) return;
    const came = samples;
    samples = answer.readings.map(sample);
    for (const late of came) push(late);
    const note = answer.truncated ? `only the youngest ${ROWS_MAX} readings are drawn` : "";
    setText(byId("trend-note"), note);
  } catch (error) {
    if (asking === mine) setText(byId("trend-note"), `live values only: ${error.message}`);
  } finally {
    clearTimeout(patience);
  }
  draw();
}

function sample(reading) {
  return { at: Date.parse(reading.time), value: isBad(reading.quality) ? null : reading.value };
}

function add(reading) {
  if (reading.time !== null) push(sample(reading));
  const first = clock.now() - seconds * 1000;
  while (samples.length > 1 && samples[1].at < first) samples.shift();
}

function push(next) {
  const last = samples.at(-1);
  if (!last || next.at > last.at) samples.push(next);
}

function draw() {
  const plot = byId("plot");
  const { clientWidth: width, clientHeight: height } = plot;
  if (point === null || width === 0) return;
  const ratio = devicePixelRatio || 1;
  if (plot.width !== Math.round(width * ratio) || plot.height !== Math.round(height * ratio)) {
    plot.width = Math.round(width * ratio);
    plot.height = Math.round(height * ratio);
  }
  const pen = plot.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "12px system-ui, sans-serif";
  const style = getComputedStyle(plot);
  const colour = (name) => style.getPropertyValue(name);
  const frame = frameOf(width, height);
  grid(pen, frame, colour);
  if (limits) drawLimits(pen, frame, colour);
  trace(pen, frame, colour);
  if (hover !== null) readOut(pen, frame, colour);
  describe(plot);
}

/** Where times and values lie on the canvas. */
function frameOf(width, height) {
  const until = clock.now();
  const from = until - seconds * 1000;
  let low = Infinity;
  let high = -Infinity;
  for (const { at, value: own } of samples) {
    if (own === null || at < from) continue;
    low = Math.min(low, own);
    high = Math.max(high, own);
  }
  if (low > high) [low, high] = [0, 1];
  const room = (high - low) * 0.1 || Math.abs(high) * 0.05 || 1;
  [low, high] = [low - room, high + room];
  const left = 58;
  const bottom = height - 20;
  const x = (at) => left + ((at - from) / (until - from)) * (width - left - 4);
  const y = (own) => bottom - ((own - low) / (high - low)) * (bottom - 6);
  return { from, until, low, high, left, right: width - 4, bottom, x, y };
}

function grid(pen, frame, colour) {
  pen.strokeStyle = colour("--line");
  pen.fillStyle = colour("--quiet");
  pen.lineWidth = 1;
  pen.textAlign = "right";
  pen.textBaseline = "middle";
  const decimals = Math.max(0, Math.min(6, 1 - Math.floor(Math.log10(frame.high - frame.low))));
  for (let step = 0; step <= 4; step += 1) {
    const own = frame.low + ((frame.high - frame.low) * step) / 4;
    const at = Math.round(frame.y(own)) + 0.5;
    line(pen, frame.left, at, frame.right, at);
    pen.fillText(Math.abs(own) < 1e6 ? own.toFixed(decimals) : value(own), frame.left - 6, at);
  }
  pen.textBaseline = "top";
  for (const [part, align] of [[0, "left"], [0.5, "center"], [1, "right"]]) {
    pen.textAlign = align;
    const at = frame.from + (frame.until - frame.from) * part;
    pen.fillText(timeOfDay(at), frame.x(at), frame.bottom + 5);
  }
}

function drawLimits(pen, frame, colour) {
  pen.setLineDash([6, 4]);
  pen.textAlign = "left";
  pen.textBaseline = "bottom";
  for (const [name, mark] of [["high_high", "HH"], ["high", "H"], ["low", "L"], ["low_low", "LL"]]) {
    const own = limits[name];
    if (own === null || own < frame.low || own > frame.high) continue;
    pen.strokeStyle = colour(mark.length === 2 ? "--highest" : "--high");
    line(pen, frame.left, frame.y(own), frame.right, frame.y(own));
    pen.fillText(mark, frame.left + 3, frame.y(own) - 1);
  }
  pen.setLineDash([]);
}

function trace(pen, frame, colour) {
  pen.strokeStyle = colour("--trace");
  pen.fillStyle = colour("--trace");
  pen.lineWidth = 1.5;
  pen.lineJoin = "round";
  pen.save();
  pen.beginPath();
  pen.rect(frame.left, 0, frame.right - frame.left, frame.bottom);
  pen.clip();
  pen.beginPath();
  let isDown = false;
  for (const { at, value: own } of samples) {
    if (own === null) {
      isDown = false;
    } else if (isDown) {
      pen.lineTo(frame.x(at), frame.y(own));
    } else {
      pen.moveTo(frame.x(at), frame.y(own));
      pen.lineTo(frame.x(at) + 0.5, frame.y(own));
      isDown = true;
    }
  }
  pen.stroke();
  pen.restore();
}

/** The sample nearest to the pointer, in words. */
function readOut(pen, frame, colour) {
  let near = null;
  for (const own of samples) {
    if (own.at < frame.from) continue;
    if (!near || Math.abs(frame.x(own.at) - hover) < Math.abs(frame.x(near.at) - hover)) near = own;
  }
  if (!near) return;
  const at = frame.x(near.at);
  pen.strokeStyle = colour("--focus");
  line(pen, at, 6, at, frame.bottom);
  pen.textAlign = at > (frame.left + frame.right) / 2 ? "right" : "left";
  pen.textBaseline = "top";
  pen.fillStyle = colour("--text");
  const text = `${near.value === null ? "bad quality" : `${value(near.value)} ${unit}`}, `
    + timeOfDay(near.at);
  pen.fillText(text, at + (pen.textAlign === "left" ? 6 : -6), 8);
}

function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function describe(plot) {
  const good = samples.filter((own) => own.value !== null);
  const last = good.at(-1);
  const text = last
    ? `Trend of ${point}: ${good.length} readings, the last ${value(last.value)} ${unit}`
    : `Trend of ${point}: no readings in this time`;
  plot.setAttribute("aria-label", text);
}
