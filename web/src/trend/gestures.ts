// Fingers, wheel and keys on a chart.

import type uPlot from "uplot";

export interface Gestures {
  /** By a share of what is in sight; negative is earlier. */
  onPan: (share: number) => void;
  /** So many times as long, around the place at `share` of what is in sight. */
  onZoom: (factor: number, share: number) => void;
}

const WHEEL_STEP = 1.2;

/** Listens on the field of the chart; the returned function ends it. */
export function watchGestures(plot: uPlot, gestures: Gestures): () => void {
  const field = plot.over;
  const fingers = new Map<number, number>();

  function shareOf(x: number): number {
    const { left, width } = field.getBoundingClientRect();
    return Math.min(Math.max((x - left) / width, 0), 1);
  }
  function onWheel(event: WheelEvent) {
    event.preventDefault();
    const { width } = field.getBoundingClientRect();
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) gestures.onPan(event.deltaX / width);
    else gestures.onZoom(event.deltaY > 0 ? WHEEL_STEP : 1 / WHEEL_STEP, shareOf(event.clientX));
  }
  function onDown(event: PointerEvent) {
    if (event.pointerType !== "mouse") fingers.set(event.pointerId, event.clientX);
  }
  function onMove(event: PointerEvent) {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    const { width } = field.getBoundingClientRect();
    const others = [...fingers].filter(([id]) => id !== event.pointerId);
    fingers.set(event.pointerId, event.clientX);
    const other = others[0]?.[1];
    if (other === undefined) gestures.onPan((before - event.clientX) / width);
    else pinch(before, event.clientX, other);
  }
  function pinch(before: number, now: number, other: number) {
    const [was, is] = [Math.abs(before - other), Math.abs(now - other)];
    if (was > 10 && is > 10) gestures.onZoom(was / is, shareOf((now + other) / 2));
  }
  function onUp(event: PointerEvent) {
    fingers.delete(event.pointerId);
  }

  field.addEventListener("wheel", onWheel, { passive: false });
  field.addEventListener("pointerdown", onDown);
  field.addEventListener("pointermove", onMove);
  for (const end of ["pointerup", "pointercancel", "pointerleave"] as const) {
    field.addEventListener(end, onUp);
  }
  // The field is part of the chart and goes with it.
  return () => fingers.clear();
}
