// A grid of very many devices that nobody polls, with alarms that stand until somebody posts.

import { Engine } from "./engine.mjs";

const PROFILE = `
[[profile]]
name = "station"
protocol = "push"
point = [
    { name = "wind_speed", unit = "m/s", limits = { high = 20, high_high = 28, low = 1, deadband = 1 } },
    { name = "air_temperature", unit = "°C" },
]
[[profile]]
name = "bay"
protocol = "modbus"
point = [{ name = "current", input = 0, unit = "A" }]
# Nothing listens there.
[[device]]
name = "dead-bay"
profile = "bay"
address = "127.0.0.1:1"
`;

/** An engine with `count` stations, and a device that is down; `more` stands before them. */
export function startGrid(count, more = "", prepare = undefined) {
  let config = more + PROFILE;
  for (let n = 1; n <= count; n += 1) {
    config += `[[device]]\nname = "${station(n)}"\nprofile = "station"\n`;
  }
  return Engine.run(config, prepare);
}

export function station(n) {
  return `station-${String(n).padStart(5, "0")}`;
}

/** Lets the wind of a station be that strong. */
export function blow(engine, n, speed) {
  return engine.read({ [`${station(n)}.wind_speed`]: speed });
}

export function windAlarm(n) {
  return `${station(n)}.wind_speed:limit`;
}
