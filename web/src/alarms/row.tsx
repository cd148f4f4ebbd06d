// One alarm in the list.

import { age } from "../engine/clock";
import type { Alarm, AlarmState } from "../engine/shapes";
import { LevelBadge, PriorityBadge, QualityBadge } from "../parts/badges";
import { NOTHING, value } from "../text/number";
import { span } from "../text/span";
import { moment } from "../text/time";
import { ALARM_STATES } from "../text/words";

export const ROW_REM = 3.75;

export function AlarmHead() {
  return (
    <>
      <span role="columnheader">
        <span class="unseen">Selected</span>
      </span>
      <span role="columnheader">Priority</span>
      <span role="columnheader">Alarm</span>
      <span role="columnheader">State</span>
      <span role="columnheader" class="number wide">Value</span>
      <span role="columnheader" class="number wide">Limit</span>
      <span role="columnheader" class="number">Since</span>
    </>
  );
}

interface Props {
  alarm: Alarm;
  isSelected: boolean;
  isStale: boolean;
  onToggle: () => void;
}

export function AlarmRow({ alarm, isSelected, isStale, onToggle }: Props) {
  const live = isStale ? "live stale" : "live";
  const since = alarm.annunciated ?? alarm.raised?.received;
  const name = alarm.name ?? `unknown alarm ${alarm.id}`;
  const isWaiting = alarm.flags.includes("unacknowledged");
  return (
    <>
      <span role="gridcell">
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          checked={isSelected}
          onChange={onToggle}
          tabIndex={-1}
        />
      </span>
      <span role="gridcell" class={`priority ${live}`}>
        <PriorityBadge priority={alarm.priority} word />
      </span>
      <span role="gridcell" class={isWaiting ? "name waiting" : "name"}>
        {name}
        <small>
          {alarm.area ? `${alarm.area} · ` : ""}
          {alarm.response || alarm.kind}
        </small>
      </span>
      <span role="gridcell" class={`condition ${live}`}>
        <State alarm={alarm} />
      </span>
      <span role="gridcell" class={`number wide ${live}`}>
        {alarm.current ? `${value(alarm.current.value)} ${alarm.unit}` : NOTHING}
        <small>{alarm.current ? <QualityBadge quality={alarm.current.quality} /> : null}</small>
      </span>
      <span role="gridcell" class="number wide">
        {value(alarm.limit)}
      </span>
      <span role="gridcell" class={`number since ${live}`}>
        <span class="clock">{moment(since)}</span>
        <small>{span(age(since))}</small>
      </span>
    </>
  );
}

/** The state in words: what stands, what waits, what is put away and until when. */
function State({ alarm }: { alarm: Alarm }) {
  const { state, base_state, level, flags, shelf } = alarm;
  const isWaiting = flags.includes("unacknowledged");
  const isHidden = state !== base_state;
  return (
    <>
      <span class={isWaiting ? "waiting" : ""}>
        {isHidden ? ALARM_STATES[state] : isWaiting ? "! unacknowledged" : "acknowledged"}
      </span>
      <small>
        {level === "normal" ? conditionOf(base_state) : <LevelBadge level={level} />}
        {shelf ? ` until ${moment(shelf.until)}` : ""}
        {flags.includes("unconfirmed") ? <Unconfirmed /> : null}
      </small>
    </>
  );
}

/** What is said of a condition that is over. */
function conditionOf(state: AlarmState): string {
  return state.startsWith("latched") ? "returned, latched" : "returned";
}

/** It stood when the engine was stopped, and nothing has come since. */
export function Unconfirmed() {
  return (
    <span class="badge doubt" title="It is known from before the engine was started; no good reading has come since.">
      ?<span class="word"> unconfirmed</span>
    </span>
  );
}
