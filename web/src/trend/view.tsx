// The trend of one point: live, or any part of its history.

import { usePoll } from "../engine/poll";
import { pointNow, useWish } from "../engine/live";
import type { Point } from "../engine/shapes";
import { LevelBadge, QualityBadge } from "../parts/badges";
import { age } from "../engine/clock";
import { toAlarms, toDevice } from "../route";
import { shownValue } from "../devices/points";
import { NOTHING, value } from "../text/number";
import { isBad } from "../text/quality";
import { span } from "../text/span";
import { moment } from "../text/time";

import { Trend } from "./trend";

const EVERY_MS = 30_000;

export function PointView({ name }: { name: string }) {
  const latest = usePoll<{ readings: Point[] }>("api/v1/scada/latest", { point: name }, EVERY_MS);
  const point = latest.answer?.readings[0];
  useWish(point ? { points: [name] } : null);
  return (
    <section class="fill" aria-labelledby="point-title">
      <div class="bar-of-view">
        <nav aria-label="Place">
          <a href="#/devices">Devices</a>
          {point ? <a href={toDevice(point.device)}>{point.device}</a> : null}
        </nav>
        <h1 id="point-title">{point?.name ?? name}</h1>
      </div>
      {latest.problem && !point ? <p class="problem">✕ {latest.problem}</p> : null}
      {point ? <Now point={point} /> : null}
      {point ? <Trend point={point} /> : null}
    </section>
  );
}

/** The value as it is now, and what is known against it. */
function Now({ point }: { point: Point }) {
  const now = pointNow(point.point).value ?? point;
  return (
    <div class="now-of-point">
      <p class={isBad(now.quality) ? "figure live spoilt" : "figure live"} id="value-now">
        {shownValue(now)} <small>{point.unit}</small>
      </p>
      <p class="live">
        <LevelBadge level={now.level} /> <QualityBadge quality={now.quality} />{" "}
        <span class="note">
          {now.time ? `${moment(now.time)}, ${span(age(now.time))} old` : "no reading yet"}
        </span>
      </p>
      <LimitsLine point={point} />
      <a href={toAlarms({ show: "all", q: point.point })}>Its alarms</a>
    </div>
  );
}

function LimitsLine({ point }: { point: Point }) {
  const { limits } = point;
  if (!limits) return <p class="note">no limits</p>;
  const shown = [
    ["LL", limits.low_low],
    ["L", limits.low],
    ["H", limits.high],
    ["HH", limits.high_high],
  ] as const;
  return (
    <p class="note">
      {shown
        .filter(([, limit]) => limit !== null)
        .map(([word, limit]) => `${word} ${limit === null ? NOTHING : value(limit)}`)
        .join(" · ")}{" "}
      {point.unit}
    </p>
  );
}
