// One device: how it does, and all its points as they are now.

import type { ComponentChildren } from "preact";

import { age } from "../engine/clock";
import { deviceNow, useWish } from "../engine/live";
import { type Polled, usePoll } from "../engine/poll";
import type { Device, DeviceDetail, DeviceError, Point, Scan } from "../engine/shapes";
import { StateBadge } from "../parts/badges";
import { count, percent } from "../text/number";
import { span } from "../text/span";
import { moment } from "../text/time";
import { plural } from "../text/words";
import { toAlarms } from "../route";

import { Points } from "./points";
import { Load } from "./view";

const EVERY_MS = 2000;
const POINTS_EVERY_MS = 60_000;
const POINTS_MAX = 10_000;

export function DeviceView({ name }: { name: string }) {
  const path = `api/v1/devices/${encodeURIComponent(name)}`;
  const polled = usePoll<DeviceDetail>(path, { limit: 1 }, EVERY_MS);
  const points = usePoll<{ readings: Point[] }>(
    "api/v1/scada/latest",
    { device: name, limit: POINTS_MAX },
    POINTS_EVERY_MS,
  );
  // A name that only stands in an address is none that the engine knows.
  useWish(polled.answer ? { points: [`${name}.*`], devices: [name] } : null);
  const device = { ...polled.answer, ...deviceNow(name).value } as DeviceDetail;
  return (
    <section class="fill" aria-labelledby="device-title">
      <div class="bar-of-view">
        <nav aria-label="Place">
          <a href="#/devices">Devices</a>
        </nav>
        <h1 id="device-title">{name}</h1>
        {polled.answer ? <State device={device} polled={polled} /> : null}
      </div>
      {polled.problem ? <p class="problem">✕ {polled.problem}</p> : null}
      {polled.answer ? <Statistics device={device} isStale={polled.isStale} /> : null}
      {points.problem && !points.answer ? <p class="problem">✕ {points.problem}</p> : null}
      <Points points={points.answer?.readings ?? []} isDown={device.state === "down"} />
    </section>
  );
}

function State({ device, polled }: { device: Device; polled: Polled<DeviceDetail> }) {
  return (
    <p class={polled.isStale ? "live stale" : "live"}>
      <StateBadge state={device.state} />{" "}
      {device.last_answer ? `answered ${span(age(device.last_answer))} ago` : "never answered"}
      {device.owner ? `, polled by ${device.owner}` : ""}
      {device.demoted ? ", asked more rarely" : ""}
      {device.alarms > 0 ? (
        <>
          {" "}
          <a class="badge level" href={toAlarms({ device: device.name })}>
            ▲ {count(device.alarms)} {plural(device.alarms, "alarm")}
          </a>
        </>
      ) : null}
    </p>
  );
}

function Statistics({ device, isStale }: { device: DeviceDetail; isStale: boolean }) {
  return (
    <details class={isStale ? "statistics stale" : "statistics"} open={device.state !== "up"}>
      <summary>
        {device.protocol}, load <Load load={device.load} />, {count(device.points)}{" "}
        {plural(device.points, "point")},{" "}
        {count(device.failures)} {plural(device.failures, "failure")}
      </summary>
      <dl class="sums">
        <Item name="readings">{count(device.readings)}</Item>
        <Item name="polls">{count(device.polls)}</Item>
        <Item name="failures">{count(device.failures)}</Item>
        <Item name="skipped scans">{count(device.overruns)}</Item>
        {device.refused_registers ? (
          <Item name="refused registers">{device.refused_registers}</Item>
        ) : null}
        {device.unmapped_points ? (
          <Item name="unmapped points">{device.unmapped_points}</Item>
        ) : null}
      </dl>
      {device.scans.length > 0 ? <Scans scans={device.scans} /> : null}
      <Errors errors={device.errors} />
    </details>
  );
}

function Item({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="live">{children}</dd>
    </div>
  );
}

function Scans({ scans }: { scans: Scan[] }) {
  const ms = (seconds: number) => `${(seconds * 1000).toFixed(1)} ms`;
  return (
    <table class="scans">
      <caption>Scan classes, over the last minute or two</caption>
      <thead>
        <tr>
          <th scope="col" class="number">every</th>
          <th scope="col" class="number">load</th>
          <th scope="col" class="number">late, mean</th>
          <th scope="col" class="number">late, most</th>
          <th scope="col" class="number">answer, mean</th>
          <th scope="col" class="number">answer, most</th>
        </tr>
      </thead>
      <tbody>
        {scans.map((scan) => (
          <tr key={scan.period_seconds}>
            <td class="number">{scan.period_seconds} s</td>
            <td class="number live">{percent(scan.load)}</td>
            <td class="number live">{ms(scan.lateness.mean)}</td>
            <td class="number live">{ms(scan.lateness.max)}</td>
            <td class="number live">{ms(scan.round_trip.mean)}</td>
            <td class="number live">{ms(scan.round_trip.max)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Errors({ errors }: { errors: DeviceError[] }) {
  if (errors.length === 0) return <p class="note">No error since the start.</p>;
  return (
    <table class="errors">
      <caption>Last errors</caption>
      <tbody>
        {errors.map((error) => (
          <tr key={`${error.since}${error.text}`}>
            <td>{moment(error.time)}</td>
            <td>
              {error.text}
              {error.count > 1 ? (
                <small>
                  {" "}
                  {count(error.count)} times since {moment(error.since)}
                </small>
              ) : null}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
