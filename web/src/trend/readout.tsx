// The trend in words: the reading under the cursor, and the readings as a table.

import { useState } from "preact/hooks";

import type { History } from "../engine/shapes";
import { QualityBadge } from "../parts/badges";
import { NOTHING, count, value } from "../text/number";
import { qualityWords } from "../text/quality";
import { span } from "../text/span";
import { whole } from "../text/time";

import type { Trace } from "./trace";

const ROWS_MAX = 50;

/** An instant, not a place: readings come and go beside it. */
export interface Cursor {
  x: number;
  isByKey: boolean;
}

interface Props {
  trace: Trace;
  cursor: Cursor | null;
  unit: string;
  isLoading: boolean;
  history: History | null;
}

export function Readout({ trace, cursor, unit, isLoading, history }: Props) {
  const index = cursor ? trace.nearest(cursor.x) : null;
  const text = index === null ? "" : sampleText(trace, index, unit);
  return (
    <div class="readout">
      <p aria-live={cursor?.isByKey ? "polite" : "off"}>{text || "\u00a0"}</p>
      <p class="note">{isLoading && !history ? "reading the history …" : about(history, trace)}</p>
    </div>
  );
}

function sampleText(trace: Trace, index: number, unit: string): string {
  const [x, y, quality] = [trace.xs[index], trace.ys[index], trace.qualities[index]];
  if (x === undefined) return "";
  const bad = quality ? qualityWords([...quality]) : "";
  const said = y === null || y === undefined ? bad || "no reading" : `${value(y)} ${unit}`;
  return `${whole(x * 1000)}: ${said}${bad && y !== null ? ` (${bad})` : ""}`;
}

function about(history: History | null, trace: Trace): string {
  if (!history) return "";
  const parts = [];
  if (history.columns) {
    const width = history.column_seconds ?? 0;
    parts.push(`first, least, most and last of each ${width < 1 ? `${Math.round(width * 1000)} ms` : span(width)}`);
  } else parts.push(`${count(history.readings?.length ?? 0)} readings`);
  if (trace.gaps.length > 0) parts.push(`${count(trace.gaps.length)} gaps (hatched)`);
  if (trace.bad.length > 0) parts.push("bad quality is marked at the bottom, bad values are crosses");
  return parts.join("; ");
}

/** The youngest readings in words, for whoever cannot see the chart. */
export function ReadingsTable({
  history,
  unit,
  isOpen,
}: {
  history: History | null;
  unit: string;
  isOpen: boolean;
}) {
  const [isShown, setShown] = useState(isOpen);
  const readings = history?.readings;
  if (!readings) return null;
  return (
    <details class="readings" open={isShown} onToggle={(event) => setShown(event.currentTarget.open)}>
      <summary>Readings as a table</summary>
      {isShown ? (
        <table>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col" class="number">Value</th>
              <th scope="col">Quality</th>
            </tr>
          </thead>
          <tbody>
            {readings
              .slice(-ROWS_MAX)
              .reverse()
              .map((reading) => (
                <tr key={reading.time}>
                  <td>{whole(reading.time)}</td>
                  <td class="number">
                    {reading.text === undefined ? value(reading.value) : (reading.text ?? NOTHING)} {unit}
                  </td>
                  <td>
                    <QualityBadge quality={reading.quality} />
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      ) : null}
    </details>
  );
}
