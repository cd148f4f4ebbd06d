// The alarms that are active, the youngest first. Nothing flashes.

import { clock } from "./engine.js";
import { byId, cells, choosable, element, keep, setClass, setText } from "./rows.js";
import { MARKS, clock as timeOfDay, count, span, value, words } from "./text.js";

export function showAlarms(answer, choose) {
  const { alarms, total } = answer;
  setText(byId("alarms-count"), total ? count(total) : "none active");
  const more = total > alarms.length ? `the ${alarms.length} youngest of ${count(total)}` : "";
  setText(byId("alarms-note"), more);
  byId("alarms").hidden = total === 0;
  const body = byId("alarms").tBodies[0];
  keep(body, alarms, (alarm) => String(alarm.point_id), (alarm) => make(alarm, choose), update);
}

function make(alarm, choose) {
  const row = cells("", "name", "number live", "number", "number wide", "number");
  row.children[0].append(element("span"));
  row.children[1].append(element("span"), element("small"));
  if (alarm.device !== null) choosable(row, () => choose(alarm.device, alarm.point));
  return row;
}

function update(row, alarm) {
  const [level, point, now, limit, since, age] = row.children;
  setText(level.firstElementChild, MARKS[alarm.level]);
  setClass(level.firstElementChild, `badge ${alarm.level}`);
  setText(point.firstElementChild, alarm.point ?? `unknown point ${alarm.point_id}`);
  setText(point.lastElementChild, alarm.quality.map(words).join(", "));
  setText(now, `${value(alarm.value)} ${alarm.unit}`);
  setText(limit, alarm.limit === null ? "–" : value(alarm.limit));
  setText(since, timeOfDay(Date.parse(alarm.since)));
  row.dataset.since = alarm.since;
  setText(age, span(clock.age(alarm.since)));
}

/** Lets the ages go on between answers. */
export function ageAlarms() {
  for (const row of byId("alarms").tBodies[0].rows) {
    setText(row.lastElementChild, span(clock.age(row.dataset.since)));
  }
}
