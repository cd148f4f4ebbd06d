// The chart with its range: what is in sight is asked for, what comes is added.

import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import { engineNow, second } from "../engine/clock";
import { pointNow } from "../engine/live";
import { wordsOf } from "../engine/problem";
import type { History, Point } from "../engine/shapes";
import { link } from "../engine/stream";
import { route, setQuery } from "../route";
import { theme } from "../shell/theme";
import { zone } from "../text/time";

import { Chart } from "./chart";
import { watchGestures } from "./gestures";
import { load } from "./load";
import { type Range, between, live, pan, queryOf, rangeOf, zoom } from "./range";
import { type Cursor, Readout, ReadingsTable } from "./readout";
import { Toolbar } from "./toolbar";
import { Trace } from "./trace";

/** While somebody zooms or drags, only what is in sight at last is asked for. */
const SETTLE_MS = 180;
/** A live chart of columns is made anew so often. */
const COLUMNS_EVERY_MS = 15_000;

export function Trend({ point }: { point: Point }) {
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  const trace = useRef(new Trace(null, point.period_seconds));
  const [range, setRange] = useState(() => rangeOf(route.peek().query, engineNow()));
  const shown = useRef(range);
  const [history, setHistory] = useState<History | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [isLoading, setLoading] = useState(true);
  const [cursor, setCursor] = useState<Cursor | null>(null);
  const isText = point.text !== undefined;
  const isLost = link.value.isLost;

  function go(next: Range | null) {
    if (!next) return;
    shown.current = next;
    setCursor(null);
    chart.current?.show(trace.current, next);
    setQuery(queryOf(next));
    setRange(next);
  }
  const now = () => engineNow();
  const moves = {
    onPan: (share: number) => go(pan(shown.current, share, now())),
    onZoom: (factor: number, share: number) => go(zoom(shown.current, factor, share, now())),
    onLive: (length = shown.current.to - shown.current.from) => go(live(length, now())),
  };

  useEffect(() => {
    if (!box.current || isText) return;
    const own = new Chart(box.current, shown.current, {
      limits: point.limits,
      unit: point.unit,
      isStepped: point.state !== undefined,
      onSelect: (from, to) => go(between(from, to)),
      onCursor: (index) => {
        const isOut = (own.plot.cursor.left ?? -1) < 0;
        const x = index === null || isOut ? undefined : trace.current.xs[index];
        setCursor(x === undefined ? null : { x, isByKey: false });
      },
    });
    chart.current = own;
    const end = watchGestures(own.plot, moves);
    return () => {
      end();
      own.destroy();
      chart.current = null;
    };
  }, [JSON.stringify(point.limits)]);

  useEffect(() => {
    if (isLost) return;
    const open = new AbortController();
    let timer = window.setTimeout(turn, SETTLE_MS);
    async function turn() {
      const asked = shown.current;
      setLoading(true);
      try {
        const width = chart.current?.width ?? 800;
        const said = await load(point, asked, width, open.signal);
        trace.current = new Trace(said, point.period_seconds);
        setHistory(said);
        setProblem(null);
        chart.current?.show(trace.current, shown.current);
        if (asked.isLive && said.columns) timer = window.setTimeout(turn, COLUMNS_EVERY_MS);
      } catch (error) {
        if (open.signal.aborted) return;
        setProblem(wordsOf(error));
        timer = window.setTimeout(turn, COLUMNS_EVERY_MS);
      }
      setLoading(false);
    }
    return () => {
      open.abort();
      clearTimeout(timer);
    };
    // A range that only moves on with time is not asked for again.
  }, [range.isLive, range.isLive ? range.to - range.from : `${range.from} ${range.to}`, isLost]);

  useSignalEffect(() => {
    const reading = pointNow(point.point).value;
    const at = second.value;
    const { current } = shown;
    if (!current.isLive) return;
    if (reading) trace.current.follow(reading);
    shown.current = live(current.to - current.from, Math.max(at, engineNow()));
    trace.current.forget(shown.current.from / 1000);
    chart.current?.show(trace.current, shown.current);
  });

  useSignalEffect(() => {
    void [theme.value, zone.value];
    requestAnimationFrame(() => chart.current?.repaint());
  });

  useEffect(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = () => chart.current?.repaint();
    dark.addEventListener("change", repaint);
    return () => dark.removeEventListener("change", repaint);
  }, []);

  function onKeyDown(event: KeyboardEvent) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const deed = event.shiftKey ? pointing(event.key) : moving(event.key);
    if (!deed) return;
    event.preventDefault();
    deed();
  }
  function moving(key: string): (() => void) | undefined {
    const deeds: Record<string, () => void> = {
      ArrowLeft: () => moves.onPan(-0.2),
      ArrowRight: () => moves.onPan(0.2),
      "+": () => moves.onZoom(0.5, shown.current.isLive ? 1 : 0.5),
      "=": () => moves.onZoom(0.5, shown.current.isLive ? 1 : 0.5),
      "-": () => moves.onZoom(2, shown.current.isLive ? 1 : 0.5),
      l: () => moves.onLive(),
      End: () => moves.onLive(),
    };
    return deeds[key];
  }
  function pointing(key: string): (() => void) | undefined {
    if (key === "+") return moving("+");
    const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
    if (step === undefined) return undefined;
    return () => {
      const { xs } = trace.current;
      const from = cursor ? trace.current.nearest(cursor.x) : null;
      const index = Math.min(Math.max((from ?? xs.length) + step, 0), xs.length - 1);
      const x = xs[index];
      if (x === undefined) return;
      chart.current?.point(index);
      setCursor({ x, isByKey: true });
    };
  }

  return (
    <>
      <Toolbar range={range} moves={moves} isLost={isLost} />
      {problem ? <p class="problem">✕ The history: {problem}</p> : null}
      {isText ? null : (
        <div
          class="chart"
          ref={box}
          tabIndex={0}
          role="group"
          aria-label={`Trend of ${point.point}; arrow keys move it, plus and minus zoom, Shift with an arrow reads values`}
          data-from={range.from}
          data-to={range.to}
          data-live={range.isLive}
          onKeyDown={onKeyDown}
          onDblClick={() => moves.onLive()}
        />
      )}
      <Readout trace={trace.current} cursor={cursor} unit={point.unit} isLoading={isLoading} history={history} />
      <ReadingsTable history={history} unit={point.unit} isOpen={isText} />
    </>
  );
}
