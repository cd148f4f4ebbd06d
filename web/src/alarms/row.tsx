// One alarm in the list.

import { age } from "../engine/clock";
import type { Alarm, AlarmState } from "../engine/shapes";
import { LevelBadge, PriorityBadge, QualityBadge } from "../parts/badges";
import { NOTHING, value } from "../text/number";
import { span } from "../text/span";
import { moment } from "../text/time";
import { ALARM_STATES } from "../text/words";

import { isHidden, isUnacknowledged } from "./question";
import { type Entry, since as sinceOf } from "./table";

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
  alarm: Entry;
  /** What the stream does not tell of it; null until it has come. */
  more: Alarm | null;
  isSelected: boolean;
  isStale: boolean;
  isMoreStale: boolean;
  onToggle: (alarm: Entry) => void;
}

export function AlarmRow({ alarm, more, isSelected, isStale, isMoreStale, onToggle }: Props) {
  const live = isStale ? "live stale" : "live";
  const liveMore = isMoreStale ? "live stale" : "live";
  const since = sinceOf(alarm);
  const name = alarm.name ?? `unknown alarm ${alarm.id}`;
  const isWaiting = isUnacknowledged(alarm);
  return (
    <>
      <span role="gridcell">
        <input
          type="checkbox"
          aria-label={`Select ${name}`}
          checked={isSelected}
          onChange={() => onToggle(alarm)}
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
          {more ? more.response || more.kind : "…"}
        </small>
      </span>
      <span role="gridcell" class={`condition ${live}`}>
        <State alarm={alarm} />
      </span>
      <span role="gridcell" class={`number wide ${liveMore}`}>
        {more?.current ? `${value(more.current.value)} ${more.unit}` : NOTHING}
        <small>{more?.current ? <QualityBadge quality={more.current.quality} /> : null}</small>
      </span>
      <span role="gridcell" class="number wide">
        {more?.level === alarm.level ? value(more.limit) : NOTHING}
      </span>
      <span role="gridcell" class={`number since ${live}`}>
        <span class="clock">{moment(since)}</span>
        <small>{span(age(since))}</small>
      </span>
    </>
  );
}

/** The state in words: what stands, what waits, what is put away and until when. */
function State({ alarm }: { alarm: Entry }) {
  const { state, base_state, level, flags, shelf } = alarm;
  const isWaiting = isUnacknowledged(alarm);
  return (
    <>
      <span class={isWaiting ? "waiting" : ""}>
        {isHidden(alarm) ? ALARM_STATES[state] : isWaiting ? "! unacknowledged" : "acknowledged"}
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
