// The history of a point over a range: every reading where there is room, else columns.

import { ask } from "../engine/ask";
import type { History, Point } from "../engine/shapes";

import type { Range } from "./range";

const PATH = "api/v1/scada/data";
const READINGS_MAX = 5000;

export async function load(
  point: Point,
  range: Range,
  width: number,
  signal: AbortSignal,
): Promise<History> {
  const query = {
    point: point.point,
    from: new Date(range.from).toISOString(),
    // What comes while the answer is made is in it.
    to: range.isLive ? undefined : new Date(range.to).toISOString(),
  };
  const isText = point.text !== undefined;
  if (isText || mayFit(point, range)) {
    const history = await ask<History>(PATH, { ...query, limit: READINGS_MAX }, signal);
    if (isText || !history.truncated) return history;
  }
  return ask<History>(PATH, { ...query, width: Math.max(100, Math.round(width)) }, signal);
}

/** Whether all readings of the range can be drawn one by one. */
function mayFit(point: Point, range: Range): boolean {
  const { period_seconds } = point;
  return period_seconds === null || (range.to - range.from) / 1000 / period_seconds < READINGS_MAX;
}
