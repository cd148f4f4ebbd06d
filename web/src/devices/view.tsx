// All devices: searched, sorted and filtered by the engine, drawn as far as they are in sight.

import type { Device } from "../engine/shapes";
import { StateBadge } from "../parts/badges";
import { Rows } from "../parts/rows";
import { Search } from "../parts/search";
import { route, setQuery, toDevice } from "../route";
import { NOTHING, count, percent } from "../text/number";
import { span } from "../text/span";
import { age } from "../engine/clock";

import { useDevices } from "./pages";

const ROW_REM = 2.9;
const SORTS = [
  ["name", "name"],
  ["state", "state"],
  ["load", "load"],
  ["last_error", "last error"],
] as const;
const STATES = ["all", "abnormal", "up", "down", "unknown"] as const;

export function DevicesView() {
  const { query } = route.value;
  const state = query.get("state") ?? "all";
  const sort = query.get("sort") ?? "name";
  const q = query.get("q") ?? "";
  const devices = useDevices({ q: q || undefined, state, sort });
  return (
    <section class="fill" aria-labelledby="devices-title">
      <div class="bar-of-view">
        <h1 id="devices-title">Devices</h1>
        <Search value={q} onChange={(text) => setQuery({ q: text })} label="Find a device" />
        <label>
          State{" "}
          <select value={state} onChange={(event) => setQuery({ state: event.currentTarget.value })}>
            {STATES.map((own) => (
              <option key={own}>{own}</option>
            ))}
          </select>
        </label>
        <label>
          Sort by{" "}
          <select value={sort} onChange={(event) => setQuery({ sort: event.currentTarget.value })}>
            {SORTS.map(([own, word]) => (
              <option key={own} value={own}>
                {word}
              </option>
            ))}
          </select>
        </label>
        <p class="note live">
          {count(devices.matching)} of {count(devices.total)}
        </p>
      </div>
      {devices.problem ? <p class="problem">✕ {devices.problem}</p> : null}
      <Rows
        count={devices.matching}
        rem={ROW_REM}
        label="Devices"
        empty={devices.total === 0 ? "Waiting for the engine …" : "No device fits."}
        head={<Head />}
        row={(index) => <Row device={devices.at(index)} isStale={devices.isStale(index)} />}
        onWindow={devices.see}
        onOpen={(index) => {
          const device = devices.at(index);
          if (device) location.hash = toDevice(device.name);
        }}
      />
    </section>
  );
}

function Head() {
  return (
    <>
      <span role="columnheader">State</span>
      <span role="columnheader">Device</span>
      <span role="columnheader" class="number">Alarms</span>
      <span role="columnheader" class="number">Load</span>
      <span role="columnheader" class="number wide">Answered</span>
      <span role="columnheader" class="wide">Last error</span>
    </>
  );
}

function Row({ device, isStale }: { device: Device | null; isStale: boolean }) {
  if (!device) {
    return (
      <span role="gridcell" class="note">
        …
      </span>
    );
  }
  const live = isStale ? "live stale" : "live";
  return (
    <>
      <span role="gridcell" class={live}>
        <StateBadge state={device.state} />
      </span>
      <span role="gridcell" class="name">
        <a href={toDevice(device.name)} tabIndex={-1}>
          {device.name}
        </a>
        {device.owner ? <span class="note"> {device.owner}</span> : null}
      </span>
      <span role="gridcell" class={`number ${live}`}>
        {device.alarms > 0 ? <span class="badge level">▲ {count(device.alarms)}</span> : "0"}
      </span>
      <span role="gridcell" class={`number ${live}`}>
        <Load load={device.load} />
      </span>
      <span role="gridcell" class={`number wide ${live}`}>
        {device.last_answer ? `${span(age(device.last_answer))} ago` : NOTHING}
      </span>
      <span role="gridcell" class="wide error" title={device.last_error ?? ""}>
        {device.last_error ? `${span(age(device.last_error_time))} ago: ${device.last_error}` : ""}
      </span>
    </>
  );
}

const LOAD_HIGH = 0.8;

export function Load({ load }: { load: number | null }) {
  const isHigh = load !== null && load >= LOAD_HIGH;
  return (
    <span class={isHigh ? "badge doubt" : ""}>
      {isHigh ? "▲ " : ""}
      {percent(load)}
    </span>
  );
}
