// The points of the chosen device.

import { freshness } from "./devices.js";
import { clock } from "./engine.js";
import { byId, cells, choosable, element, keep, setClass, setText } from "./rows.js";
import { MARKS, count, isBad, shown, span, value, words } from "./text.js";

export const SHOWN_MAX = 500;

export function showPoints(answer, selection, isDown, choose) {
  const { readings, total } = answer;
  setText(byId("panel-title"), selection.device);
  const notes = [];
  if (isDown) notes.push("✕ the device is down: these are its last values");
  if (total > readings.length) {
    notes.push(`the first ${count(readings.length)} of ${count(total)} points are shown`);
  }
  setText(byId("panel-note"), notes.join("; "));
  const body = byId("points").tBodies[0];
  const make = (reading) => makeRow(reading, choose);
  keep(body, readings, (reading) => reading.point, make, (row, reading) => {
    row.dataset.doubt = isDown || isBad(reading.quality) ? "1" : "";
    update(row, reading);
    row.setAttribute("aria-selected", String(reading.point === selection.point));
  });
}

function makeRow(reading, choose) {
  const row = cells("name", "number", "", "", "number");
  row.children[3].append(element("span"), element("span"));
  choosable(row, () => choose(reading.device, reading.point));
  return row;
}

function update(row, reading) {
  const [name, number, unit, quality, age] = row.children;
  row.dataset.time = reading.time ?? "";
  row.dataset.period = reading.period_seconds ?? "";
  setText(name, reading.name);
  row.dataset.text = reading.text === undefined ? "" : "1";
  setText(number, shown(reading));
  number.title = reading.state ? value(reading.value) : "";
  setClass(number, `number ${freshness(row)}`);
  setText(unit, reading.unit);
  const [level, flags] = quality.children;
  level.hidden = reading.level === "normal";
  setText(level, level.hidden ? "" : MARKS[reading.level]);
  setClass(level, `badge ${reading.level}`);
  setText(flags, qualityText(reading, level.hidden));
  setText(age, span(clock.age(reading.time)));
}

function qualityText(reading, alone) {
  if (reading.quality === null) return "no reading yet";
  if (reading.quality.length === 0) return alone ? "good" : "";
  return `${alone ? "" : " "}? ${reading.quality.map(words).join(", ")}`;
}

/** Lets the ages go on between answers. */
export function agePoints() {
  for (const row of byId("points").tBodies[0].rows) {
    setText(row.lastElementChild, span(row.dataset.time ? clock.age(row.dataset.time) : null));
    setClass(row.children[1], `number ${freshness(row)}`);
  }
}
