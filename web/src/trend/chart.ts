// The chart of one point: uPlot, with limits, gaps and bad quality drawn over it.

import uPlot from "uplot";

import type { Limits } from "../engine/shapes";
import { colour } from "../shell/theme";
import { value } from "../text/number";
import { clock, day, zone } from "../text/time";

import { drawOver, drawUnder } from "./marks";
import type { Range } from "./range";
import { Trace } from "./trace";

export interface ChartProps {
  limits: Limits | null;
  unit: string;
  /** Whether a value holds until the next one. */
  isStepped: boolean;
  onSelect: (from: number, to: number) => void;
  /** The sample under the cursor, or none. */
  onCursor: (index: number | null) => void;
}

export interface Colours {
  ink: string;
  muted: string;
  grid: string;
  bad: string;
  line: string;
}

export class Chart {
  readonly plot: uPlot;
  readonly #box: HTMLElement;
  readonly #props: ChartProps;
  readonly #observer: ResizeObserver;
  #trace = new Trace(null, null);
  #range: Range;
  #colours = colours();

  constructor(box: HTMLElement, range: Range, props: ChartProps) {
    this.#box = box;
    this.#props = props;
    this.#range = range;
    this.plot = new uPlot(this.#options(), [[], []], box);
    this.#observer = new ResizeObserver(() => this.plot.setSize(this.#size()));
    this.#observer.observe(box);
  }

  /** The width of what is drawn, in pixels of the screen. */
  get width(): number {
    return this.plot.bbox.width / devicePixelRatio;
  }

  show(trace: Trace, range: Range): void {
    this.#trace = trace;
    this.#range = range;
    this.plot.setData([trace.xs, trace.ys], false);
    this.plot.setScale("x", { min: range.from / 1000, max: range.to / 1000 });
  }

  /** Takes the colours and the zone anew. */
  repaint(): void {
    this.#colours = colours();
    this.plot.redraw(true, true);
  }

  /** Moves the cursor to a sample. */
  point(index: number): void {
    const [x, y] = [this.#trace.xs[index], this.#trace.ys[index]];
    if (x === undefined) return;
    const top = y === null || y === undefined ? 10 : this.plot.valToPos(y, "y");
    this.plot.cursor.event = undefined;
    this.plot.setCursor({ left: this.plot.valToPos(x, "x"), top });
  }

  destroy(): void {
    this.#observer.disconnect();
    this.plot.destroy();
  }

  #size() {
    return { width: Math.max(200, this.#box.clientWidth), height: Math.max(160, this.#box.clientHeight) };
  }

  #options(): uPlot.Options {
    const axis = (): uPlot.Axis => ({
      stroke: () => this.#colours.muted,
      grid: { stroke: () => this.#colours.grid, width: 1 },
      ticks: { stroke: () => this.#colours.grid, width: 1 },
      font: "12px system-ui, sans-serif",
    });
    return {
      ...this.#size(),
      legend: { show: false },
      tzDate: (at) => (zone.peek() === "utc" ? uPlot.tzDate(new Date(at * 1000), "UTC") : new Date(at * 1000)),
      scales: { x: { time: true }, y: { range: (_, low, high) => this.#heights(low, high) } },
      axes: [
        { ...axis(), values: (_, splits, __, ___, step) => times(splits, step), space: 76 },
        { ...axis(), values: (_, splits) => splits.map((own) => value(own)), size: 64 },
      ],
      series: [
        {},
        {
          stroke: () => this.#colours.line,
          width: 1.6,
          spanGaps: false,
          paths: this.#props.isStepped ? uPlot.paths.stepped?.({ align: 1 }) : undefined,
          points: { show: (plot) => isSparse(plot), size: 4, fill: () => this.#colours.line },
        },
      ],
      cursor: { y: false, drag: { x: true, y: false, setScale: false } },
      hooks: {
        drawClear: [(plot) => drawUnder(plot, this.#trace, this.#colours)],
        draw: [(plot) => drawOver(plot, this.#trace, this.#props.limits, this.#colours)],
        setSelect: [(plot) => this.#select(plot)],
        setCursor: [(plot) => this.#follow(plot)],
      },
    };
  }

  /** What is in sight, and the nearest limits: how far it is to an alarm is what matters. */
  #heights(low: number | null, high: number | null): [number, number] {
    const { limits } = this.#props;
    const seen = [low, high, limits?.low ?? null, limits?.high ?? null];
    for (const { x, y } of this.#trace.marks) {
      if (x * 1000 >= this.#range.from && x * 1000 <= this.#range.to) seen.push(y);
    }
    const known = seen.filter((own): own is number => own !== null && Number.isFinite(own));
    if (known.length === 0) return [0, 1];
    const [least, most] = [Math.min(...known), Math.max(...known)];
    const room = (most - least || Math.abs(most) || 1) * 0.08;
    return [least - room, most + room];
  }

  /** Tells of the cursor where the pointer moves it; data that comes moves it as well. */
  #follow(plot: uPlot): void {
    const { event, idx } = plot.cursor;
    if (event) this.#props.onCursor(idx ?? null);
  }

  #select(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 4) return;
    const at = (pixel: number) => plot.posToVal(pixel, "x") * 1000;
    this.#props.onSelect(at(left), at(left + width));
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  }
}

function isSparse(plot: uPlot): boolean {
  const [first, last] = plot.series[0]?.idxs ?? [0, 0];
  return last - first < plot.bbox.width / devicePixelRatio / 8;
}

const DAY_S = 86_400;

/** Times on the axis, in the chosen zone; with the date where days are shown or begin. */
function times(splits: number[], step: number): string[] {
  let before = "";
  return splits.map((own) => {
    const at = own * 1000;
    const date = day(at);
    const isNew = date !== before;
    before = date;
    if (step >= DAY_S) return date.slice(5);
    const time = step < 60 ? clock(at) : clock(at).slice(0, 5);
    return isNew && splits.length > 1 ? `${time}\n${date}` : time;
  });
}

function colours(): Colours {
  return {
    ink: colour("ink"),
    muted: colour("muted"),
    grid: colour("rule"),
    bad: colour("bad"),
    line: colour("line"),
  };
}
