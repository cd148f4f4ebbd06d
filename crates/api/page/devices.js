// The devices: state, first values, age of the last answer.

import { clock } from "./engine.js";
import { byId, cells, choosable, element, keep, setClass, setText } from "./rows.js";
import { MARKS, count, isBad, shown as words, span } from "./text.js";

/** A polled value is shown as old and as stale after so many of its own periods … */
const PERIODS = { old: 3, stale: 10 };
/** … but not before so many seconds, which an answer may take on its way to this page. */
const SECONDS_LEAST = { old: 5, stale: 15 };
/** When a posted value is due nobody knows: after so many seconds it is old, but never stale. */
const POSTED_OLD = 60;

export const SHOWN_MAX = 200;
export const VALUES = 3;

export function showDevices(answer, selected, choose) {
  const { devices, matching, total } = answer;
  const some = matching === total ? count(total) : `${count(matching)} of ${count(total)}`;
  setText(byId("devices-count"), some);
  const note = matching > devices.length
    ? `the first ${devices.length} are shown; write a part of a name to find others`
    : matching === 0 ? "no device fits" : "";
  setText(byId("devices-note"), note);
  const body = byId("devices").tBodies[0];
  keep(body, devices, (device) => device.name, (device) => make(device, choose), (row, device) => {
    update(row, device);
    row.setAttribute("aria-selected", String(device.name === selected));
  });
}

function make(device, choose) {
  const row = cells("", "name", "values", "number", "number wide live", "number wide live");
  row.children[0].append(element("span"));
  row.children[1].append(element("span"), element("small"));
  choosable(row, () => choose(device.name, null));
  return row;
}

function update(row, device) {
  const [state, name, values, answer, readings, failures] = row.children;
  setText(state.firstElementChild, MARKS[device.state]);
  setClass(state.firstElementChild, `badge ${device.state}`);
  setText(name.firstElementChild, device.name);
  setText(name.lastElementChild, device.state === "down" ? device.last_error ?? "" : "");
  showValues(values, device);
  row.dataset.time = device.last_answer ?? "";
  setText(readings, count(device.readings));
  setText(failures, count(device.failures));
  setText(answer, span(clock.age(device.last_answer)));
}

function showValues(target, device) {
  keep(target, device.values, (point) => point.name, () => {
    const shown = element("span");
    shown.append(element("b"), " ", element("span"), " ", element("span"));
    return shown;
  }, (shown, point) => {
    const [name, number, level] = shown.children;
    const doubt = isBad(point.quality) ? " ?" : "";
    setText(name, point.name);
    setText(number, `${words(point)} ${point.unit}${doubt}`);
    setText(level, point.level === "normal" ? "" : MARKS[point.level].split(" ")[0]);
    level.hidden = point.level === "normal";
    setClass(level, `badge ${point.level}`);
    shown.dataset.time = point.time ?? "";
    shown.dataset.period = point.period_seconds ?? "";
    shown.dataset.text = point.text === undefined ? "" : "1";
    shown.dataset.doubt = doubt || device.state === "down" ? "1" : "";
    setClass(number, freshness(shown));
  });
}

/** How a value may be shown: one of bad quality, or of a device that is down, is not live. */
export function freshness({ dataset }) {
  const age = dataset.time ? clock.age(dataset.time) : null;
  if (dataset.doubt || age === null) return "live stale";
  // A text is told when it changes, and does not age.
  if (dataset.text) return "live";
  const period = Number(dataset.period);
  if (period === 0) return age > POSTED_OLD ? "live old" : "live";
  const isPast = (word) => age > Math.max(PERIODS[word] * period, SECONDS_LEAST[word]);
  return isPast("stale") ? "live stale" : isPast("old") ? "live old" : "live";
}

/** Lets the ages go on between answers. */
export function ageDevices() {
  for (const row of byId("devices").tBodies[0].rows) {
    setText(row.children[3], span(row.dataset.time ? clock.age(row.dataset.time) : null));
    for (const shown of row.children[2].children) {
      setClass(shown.children[1], freshness(shown));
    }
  }
}
