// One alarm: what it means, what to do, and what happened to it.

import { useEffect, useRef } from "preact/hooks";

import { usePoll } from "../engine/poll";
import type { Alarm, AlarmDetail, Moment } from "../engine/shapes";
import { PriorityBadge } from "../parts/badges";
import { toDevice, toPoint } from "../route";
import { NOTHING, value } from "../text/number";
import { moment, whole } from "../text/time";
import { ALARM_STATES, words } from "../text/words";

import { Unconfirmed } from "./row";

const EVERY_MS = 2000;

export function Detail({ name, onClose }: { name: string; onClose: () => void }) {
  const path = `api/v1/alarms/${encodeURIComponent(name)}`;
  const { answer, problem } = usePoll<AlarmDetail>(path, {}, EVERY_MS);
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Escape") return;
    event.preventDefault();
    onClose();
    document.querySelector<HTMLElement>("[role=grid]")?.focus();
  }
  return (
    <aside class="detail" aria-labelledby="detail-title" onKeyDown={onKeyDown}>
      <div class="bar-of-view">
        <h2 id="detail-title" ref={title} tabIndex={-1}>
          {name}
        </h2>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </div>
      {problem ? <p class="problem">✕ {problem}</p> : null}
      {answer ? <Facts alarm={answer.alarm} /> : <p class="note">…</p>}
      {answer ? <Records detail={answer} /> : null}
    </aside>
  );
}

function Facts({ alarm }: { alarm: Alarm }) {
  const { acknowledged, hidden } = alarm;
  return (
    <>
      <p>
        <PriorityBadge priority={alarm.priority} word /> {ALARM_STATES[alarm.state]}
        {alarm.flags.includes("unconfirmed") ? <Unconfirmed /> : null}
      </p>
      {alarm.response ? <p class="response">{alarm.response}</p> : null}
      <dl class="facts">
        <Told name="raised" moment={alarm.raised} unit={alarm.unit} />
        <Told name="worst" moment={alarm.worst} unit={alarm.unit} />
        <Told name="returned" moment={alarm.returned} unit={alarm.unit} />
        {acknowledged ? (
          <Fact
            name="acknowledged"
            text={`${moment(acknowledged.at)} by ${acknowledged.by} ${acknowledged.comment}`}
          />
        ) : null}
        {hidden ? (
          <Fact name="put away" text={`${moment(hidden.at)} by ${hidden.by}: ${hidden.comment}`} />
        ) : null}
        {alarm.suppressed_by.length > 0 ? (
          <Fact name="suppressed by" text={alarm.suppressed_by.map(words).join(", ")} />
        ) : null}
      </dl>
      <p class="links">
        {alarm.point ? <a href={toPoint(alarm.point)}>Trend</a> : null}{" "}
        {alarm.device ? <a href={toDevice(alarm.device)}>{alarm.device}</a> : null}
      </p>
    </>
  );
}

function Fact({ name, text }: { name: string; text: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function Told({ name, moment: told, unit }: { name: string; moment: Moment | null; unit: string }) {
  if (!told) return null;
  const at = told.value === null ? "" : `, at ${value(told.value)} ${unit}`;
  return <Fact name={name} text={`${whole(told.time)}${at}`} />;
}

function Records({ detail }: { detail: AlarmDetail }) {
  const { records, alarm } = detail;
  if (records === null) return <p class="note">Its history cannot be read now.</p>;
  if (records.length === 0) return null;
  return (
    <table>
      <caption>What happened to it</caption>
      <tbody>
        {records.map((record) => (
          <tr key={record.sequence}>
            <td>{moment(record.received)}</td>
            <td>{words(record.action)}</td>
            <td class="number">
              {record.value === null ? NOTHING : `${value(record.value)} ${alarm.unit}`}
            </td>
            <td>{[record.by, record.comment].filter(Boolean).join(": ")}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
