// The list of alarms, as ISA-18.2 wants it: by priority and time, and what an operator does about it.

import { useState } from "preact/hooks";

import { type Polled, usePoll } from "../engine/poll";
import { mayOperate, session } from "../engine/session";
import type { Alarm, AlarmPage } from "../engine/shapes";
import { Rows } from "../parts/rows";
import { route } from "../route";
import { count } from "../text/number";
import { toPoint } from "../route";

import { Detail } from "./detail";
import { Filters, queryOf } from "./filters";
import { acknowledge, each, reset, silence, unshelve, who } from "./orders";
import { AlarmHead, AlarmRow, ROW_REM } from "./row";
import { ShelveDialog } from "./shelve";
import { summary } from "./summary";

const EVERY_MS = 1000;

export function AlarmsView() {
  const { query } = route.value;
  const polled = usePoll<AlarmPage>("api/v1/alarms", queryOf(query), EVERY_MS);
  const alarms = polled.answer?.alarms ?? [];
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const [shelving, setShelving] = useState<Alarm[] | null>(null);
  const [open, setOpen] = useState<string | null>(null);
  const chosen = alarms.filter((alarm) => selected.has(alarm.id));

  function toggle(alarm: Alarm) {
    const next = new Set(selected);
    if (!next.delete(alarm.id)) next.add(alarm.id);
    setSelected(next);
  }
  async function act(order: Promise<boolean>) {
    // What was not done may be wanted once more.
    if (await order) setSelected(new Set());
    polled.again();
  }
  function onKey(event: KeyboardEvent, index: number) {
    const alarm = alarms[index];
    if (!alarm) return;
    const those = chosen.length > 0 ? chosen : [alarm];
    const deeds: Record<string, () => void> = {
      a: () => void act(acknowledge(those)),
      s: () => setShelving(those),
      u: () => void act(each(those, unshelve)),
      m: () => void act(each(those, silence)),
      r: () => void act(each(those, reset)),
      x: () => toggle(alarm),
      " ": () => toggle(alarm),
      t: () => {
        if (alarm.point) location.hash = toPoint(alarm.point);
      },
    };
    const deed = deeds[event.key];
    if (!deed || (!mayOperate.value && !"x t".includes(event.key))) return;
    event.preventDefault();
    deed();
  }

  return (
    <section class="fill" aria-labelledby="alarms-title">
      <div class="bar-of-view">
        <h1 id="alarms-title">Alarms</h1>
        <Filters />
        <Count polled={polled} />
      </div>
      <Orders
        alarms={alarms}
        chosen={chosen}
        onSelect={(some) => setSelected(new Set(some.map((alarm) => alarm.id)))}
        onShelve={setShelving}
        act={act}
      />
      {polled.problem ? <p class="problem">✕ {polled.problem}</p> : null}
      <div class={open ? "split" : "whole"}>
        <Rows
          count={alarms.length}
          rem={ROW_REM}
          label="Alarms"
          empty={polled.answer ? "No alarm fits." : "Waiting for the engine …"}
          head={<AlarmHead />}
          row={(index) => {
            const alarm = alarms[index];
            if (!alarm) return null;
            const isSelected = selected.has(alarm.id);
            return (
              <AlarmRow
                alarm={alarm}
                isSelected={isSelected}
                isStale={polled.isStale}
                onToggle={() => toggle(alarm)}
              />
            );
          }}
          onKey={onKey}
          onOpen={(index) => setOpen(alarms[index]?.name ?? null)}
        />
        {open ? <Detail key={open} name={open} onClose={() => setOpen(null)} /> : null}
      </div>
      {shelving ? (
        <ShelveDialog alarms={shelving} act={act} onClose={() => setShelving(null)} />
      ) : null}
    </section>
  );
}

function Count({ polled }: { polled: Polled<AlarmPage> }) {
  const page = polled.answer;
  if (!page) return null;
  const { matching, total, alarms } = page;
  const first = matching > alarms.length ? `the first ${count(alarms.length)} of ` : "";
  const others = total > matching ? `, ${count(total - matching)} others` : "";
  return (
    <p class="note live">
      {first}
      {count(matching)} shown{others}
    </p>
  );
}

interface OrdersProps {
  alarms: Alarm[];
  chosen: Alarm[];
  onSelect: (alarms: Alarm[]) => void;
  onShelve: (alarms: Alarm[]) => void;
  act: (order: Promise<boolean>) => Promise<void>;
}

/** What can be done about what is selected. */
function Orders({ alarms, chosen, onSelect, onShelve, act }: OrdersProps) {
  const isOpen = session.value.principal === null;
  if (!mayOperate.value) return <p class="note">You may look; acting on alarms needs an operator.</p>;
  const none = chosen.length === 0;
  const sounding = alarms.filter(sounds);
  return (
    <div class="orders" role="toolbar" aria-label="What to do about alarms">
      {isOpen ? (
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
      ) : null}
      <button type="button" class="main" disabled={none} onClick={() => void act(acknowledge(chosen))}>
        Acknowledge {none ? "" : count(chosen.length)}
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
        disabled={(summary.value?.sounding ?? 0) === 0}
        onClick={() => void act(each(sounding, silence))}
      >
        Silence {sounding.length > 0 ? count(sounding.length) : ""}
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() => onSelect(none ? alarms : [])}
        disabled={alarms.length === 0}
      >
        {none ? "Select all shown" : "Select none"}
      </button>
    </div>
  );
}

/** Whether the horn sounds for it. */
function sounds(alarm: Alarm): boolean {
  const { flags, state } = alarm;
  const isHidden = ["shelved", "suppressed", "out_of_service"].includes(state);
  return !isHidden && flags.includes("unacknowledged") && !flags.includes("silenced");
}
