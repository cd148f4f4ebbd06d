// The points of a device, each drawn anew only when the stream tells of it.

import { useState } from "preact/hooks";

import { age } from "../engine/clock";
import { pointNow } from "../engine/live";
import type { Point } from "../engine/shapes";
import { LevelBadge, QualityBadge } from "../parts/badges";
import { Rows } from "../parts/rows";
import { toPoint } from "../route";
import { NOTHING, value } from "../text/number";
import { isBad } from "../text/quality";
import { span } from "../text/span";

const ROW_REM = 2.4;

export function Points({ points, isDown }: { points: Point[]; isDown: boolean }) {
  const [part, setPart] = useState("");
  const wanted = part.toLowerCase();
  const fitting = points.filter((point) => point.name.toLowerCase().includes(wanted));
  // What is measured in a unit says more of a device than its switches and settings.
  const shown = [...fitting.filter(({ unit }) => unit), ...fitting.filter(({ unit }) => !unit)];
  return (
    <>
      <div class="bar-of-view">
        <h2>Points</h2>
        <input
          type="search"
          aria-label="Find a point"
          placeholder="Find a point"
          aria-keyshortcuts="/"
          onInput={(event) => setPart(event.currentTarget.value.trim())}
        />
        <p class="note">
          {shown.length} of {points.length}
        </p>
      </div>
      <Rows
        count={shown.length}
        rem={ROW_REM}
        label="Points"
        empty={points.length === 0 ? "Waiting for the engine …" : "No point fits."}
        head={<Head />}
        row={(index) => <Row point={shown[index]} isDown={isDown} />}
        onOpen={(index) => {
          const point = shown[index];
          if (point) location.hash = toPoint(point.point);
        }}
      />
    </>
  );
}

function Head() {
  return (
    <>
      <span role="columnheader">Point</span>
      <span role="columnheader" class="number">Value</span>
      <span role="columnheader">Unit</span>
      <span role="columnheader">Alarm, quality</span>
      <span role="columnheader" class="number wide">Age</span>
    </>
  );
}

function Row({ point, isDown }: { point: Point | undefined; isDown: boolean }) {
  if (!point) return null;
  const now = pointNow(point.point).value ?? point;
  const isSpoilt = isDown || isBad(now.quality);
  return (
    <>
      <span role="gridcell" class="name">
        <a href={toPoint(point.point)} tabIndex={-1}>
          {point.name}
        </a>
      </span>
      <span role="gridcell" class={isSpoilt ? "number live spoilt" : "number live"}>
        {shownValue(now)}
      </span>
      <span role="gridcell" class="unit">
        {point.unit}
      </span>
      <span role="gridcell" class="live">
        <LevelBadge level={now.level} /> <QualityBadge quality={now.quality} />
      </span>
      <span role="gridcell" class="number wide live">
        {now.time ? span(age(now.time)) : NOTHING}
      </span>
    </>
  );
}

/** What a point says: its text, what its number means, or the number. */
export function shownValue(now: Pick<Point, "value" | "text" | "state">): string {
  if (now.text !== undefined) return now.text || NOTHING;
  return now.state ?? value(now.value);
}
