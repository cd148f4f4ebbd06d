// What can be done about the alarms that are selected, and how far it has come.

import { mayOperate, session } from "../engine/session";
import { count } from "../text/number";
import { plural } from "../text/words";

import { acknowledge, each, reset, silence, unshelve, who } from "./orders";
import { isHidden, isUnacknowledged } from "./question";
import { summary } from "./summary";
import type { Entry } from "./table";
import { type Work, stopWork, work } from "./work";

interface Props {
  /** All of the list. */
  alarms: readonly Entry[];
  chosen: Entry[];
  /** So many were selected as something that they are no more. */
  outdated: number;
  onSelect: (alarms: readonly Entry[]) => void;
  onShelve: (alarms: readonly Entry[]) => void;
  act: (order: Promise<boolean>) => Promise<void>;
}

export function Toolbar({ alarms, chosen, outdated, onSelect, onShelve, act }: Props) {
  if (!mayOperate.value) return <p class="note">You may look; acting on alarms needs an operator.</p>;
  const none = chosen.length === 0 || work.value !== null;
  const waiting = chosen.filter(isUnacknowledged).length;
  const everywhere = summary.value?.sounding ?? 0;
  const sounding = everywhere === 0 ? [] : alarms.filter(sounds);
  return (
    <div class="orders" role="toolbar" aria-label="What to do about alarms">
      {session.value.principal === null ? <Who /> : null}
      <button
        type="button"
        class="main"
        disabled={none || waiting === 0}
        onClick={() => void act(acknowledge(chosen))}
      >
        Acknowledge {waiting > 0 ? count(waiting) : ""}
      </button>
      <button type="button" disabled={none} onClick={() => onShelve(chosen)}>
        Shelve
      </button>
      <button type="button" disabled={none} onClick={() => void act(each(chosen, unshelve))}>
        Unshelve
      </button>
      <button type="button" disabled={none} onClick={() => void act(each(chosen, reset))}>
        Reset
      </button>
      <button
        type="button"
        disabled={sounding.length === 0 || work.value !== null}
        onClick={() => void act(each(sounding, silence))}
      >
        Silence {sounding.length > 0 ? count(sounding.length) : ""}
      </button>
      <Elsewhere count={everywhere - sounding.length} />
      <Selecting alarms={alarms} isNone={chosen.length + outdated === 0} onSelect={onSelect} />
      <Outdated count={outdated} />
      {work.value ? <Progress of={work.value} /> : null}
    </div>
  );
}

function Who() {
  return (
    <label>
      You are{" "}
      <input
        id="who"
        autocomplete="username"
        spellcheck={false}
        size={12}
        value={who.value}
        onInput={(event) => (who.value = event.currentTarget.value)}
      />
    </label>
  );
}

interface SelectingProps {
  alarms: readonly Entry[];
  isNone: boolean;
  onSelect: (alarms: readonly Entry[]) => void;
}

function Selecting({ alarms, isNone, onSelect }: SelectingProps) {
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => onSelect(isNone ? alarms : [])}
      disabled={isNone && alarms.length === 0}
    >
      {isNone ? `Select all ${count(alarms.length)} of this list` : "Select none"}
    </button>
  );
}

function Outdated({ count: outdated }: { count: number }) {
  return (
    <span class="note" role="status">
      {outdated > 0
        ? `${count(outdated)} ${plural(outdated, "has", "have")} come anew or grown worse since selected: not meant any more`
        : ""}
    </span>
  );
}

/** The horn sounds for all alarms, and what is not in the list is not silenced with it. */
function Elsewhere({ count: others }: { count: number }) {
  if (others <= 0) return null;
  return (
    <span class="note">
      {count(others)} {plural(others, "sounds", "sound")} outside of this list
    </span>
  );
}

function Progress({ of: { what, of, done, refused, isStopping } }: { of: Work }) {
  const failed = refused > 0 ? `, ${count(refused)} refused` : "";
  return (
    <span class="progress">
      <progress value={done + refused} max={of} aria-label={`alarms ${what}`} />
      <span role="status">
        {count(done)} of {count(of)} {what}
        {failed}
      </span>
      <button type="button" onClick={stopWork} disabled={isStopping}>
        {isStopping ? "Stopping …" : "Stop"}
      </button>
    </span>
  );
}

/** Whether the horn sounds for it. */
function sounds(alarm: Entry): boolean {
  return !isHidden(alarm) && isUnacknowledged(alarm) && !alarm.flags.includes("silenced");
}
