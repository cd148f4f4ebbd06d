// The list of alarms, as ISA-18.2 wants it: by priority and time, and what an operator does about it.

import { useEffect, useRef, useState } from "preact/hooks";

import { mayOperate } from "../engine/session";
import { Rows, type Where, type Window } from "../parts/rows";
import { say } from "../parts/say";
import { route, toPoint } from "../route";
import { count } from "../text/number";

import { Detail } from "./detail";
import { Filters, questionOf } from "./filters";
import { askAlarms, table, useFollowing, version } from "./follow";
import { Listing } from "./listing";
import { acknowledge, each, reset, silence, unshelve } from "./orders";
import type { Question } from "./question";
import { AlarmHead, AlarmRow, ROW_REM } from "./row";
import {
  NOTHING_SELECTED,
  type Selection,
  chosenOf,
  isSelected,
  selectionOf,
  toggled,
} from "./selection";
import { ShelveDialog } from "./shelve";
import { type Sight, useSight } from "./sight";
import type { Entry } from "./table";
import { Toolbar } from "./toolbar";
import { work } from "./work";

export function AlarmsView() {
  const question = questionOf(route.value.query);
  const listing = useListing(question);
  const { isStale, problem } = useFollowing();
  const sight = useSight();
  const [selection, setSelection] = useState<Selection>(NOTHING_SELECTED);
  /** As they were when somebody began to put them away. */
  const [shelving, setShelving] = useState<Selection | null>(null);
  const [open, setOpen] = useState<string | null>(null);
  const { rows } = listing;
  const { chosen, outdated } = chosenOf(selection, rows);

  // Behind a selection, done or gone, no row is chosen: a second press is not meant for the one beside it.
  const isSpent = useRef(false);
  if (chosen.length > 0) isSpent.current = true;
  function select(next: (now: Selection) => Selection) {
    isSpent.current = false;
    setSelection(next);
  }
  const toggle = (alarm: Entry) => select((now) => toggled(now, alarm));
  async function act(order: Promise<boolean>) {
    // What was not done may be wanted once more, as is what was selected meanwhile.
    const isDone = await order;
    setSelection((now) => (isDone && now === selection ? NOTHING_SELECTED : now));
    askAlarms();
  }
  const shelve = (those: readonly Entry[]) => setShelving(selectionOf(those));
  function onKey(event: KeyboardEvent, index: number, where: Where): boolean {
    const alarm = rows[index];
    if (!alarm) return false;
    const those = chosen.length > 0 ? chosen : [alarm];
    const deeds: Record<string, () => void> = {
      a: () => void act(acknowledge(those)),
      s: () => shelve(those),
      u: () => void act(each(those, unshelve)),
      m: () => void act(each(those, silence)),
      r: () => void act(each(those, reset)),
      x: () => toggle(alarm),
      " ": () => toggle(alarm),
      t: () => {
        const point = sight.of(alarm.id)?.point;
        if (point) location.hash = toPoint(point);
      },
    };
    const deed = deeds[event.key];
    const isOfRow = "x t".includes(event.key);
    if (!deed || (!mayOperate.value && !isOfRow)) return false;
    event.preventDefault();
    // A key that is held down was pressed once.
    if (event.repeat) return false;
    // Nothing is done about an alarm that nobody sees at that moment.
    const isMeant = where === "seen" || (chosen.length > 0 && !isOfRow);
    if (work.peek() && !isOfRow) say(BUSY);
    else if (isSpent.current && chosen.length === 0 && !isOfRow) say(SPENT);
    else if (!isMeant) say(WHY_NOT[where]);
    else deed();
    return !isMeant && where === "unseen";
  }

  return (
    <section class="fill" aria-labelledby="alarms-title">
      <div class="bar-of-view">
        <h1 id="alarms-title">Alarms</h1>
        <Filters />
        <Count shown={rows.length} isStale={isStale} />
      </div>
      <Toolbar
        alarms={rows}
        chosen={chosen}
        outdated={outdated}
        onSelect={(some) => select(() => selectionOf(some))}
        onShelve={shelve}
        act={act}
      />
      {problem ? <p class="problem">✕ {problem}</p> : null}
      <div class={open ? "split" : "whole"}>
        <List
          listing={listing}
          question={question}
          sight={sight}
          selection={selection}
          isStale={isStale}
          onToggle={toggle}
          onChoose={() => {
            isSpent.current = chosen.length > 0;
          }}
          onKey={onKey}
          onOpen={(alarm) => setOpen(alarm.name)}
        />
        {open ? <Detail key={open} name={open} onClose={() => setOpen(null)} /> : null}
      </div>
      {shelving ? (
        <ShelveDialog {...stillMeant(shelving, rows)} act={act} onClose={() => setShelving(null)} />
      ) : null}
    </section>
  );
}

const BUSY = "One thing at a time: Stop ends what is under way.";
const SPENT = "What was selected is done or gone. Choose an alarm with the arrow keys.";
const WHY_NOT: Record<Where, string> = {
  seen: "",
  unseen: "The chosen alarm was out of sight. Here it is: press again.",
  gone: "The chosen alarm has left the list. Choose one with the arrow keys.",
};

/** Those that are as they were `seen`, and how many are not or have left the list. */
function stillMeant(seen: Selection, rows: readonly Entry[]) {
  const { chosen } = chosenOf(seen, rows);
  return { alarms: chosen, dropped: seen.size - chosen.length };
}

/** The alarms of a question, drawn anew when something in them is another. */
function useListing(question: Question): Listing {
  const listing = useRef(new Listing()).current;
  void version.value;
  listing.update(table, question);
  return listing;
}

interface ListProps {
  listing: Listing;
  question: Question;
  sight: Sight;
  selection: Selection;
  isStale: boolean;
  onToggle: (alarm: Entry) => void;
  onChoose: () => void;
  onKey: (event: KeyboardEvent, index: number, where: Where) => boolean;
  onOpen: (alarm: Entry) => void;
}

function List({ listing, question, sight, selection, isStale, ...on }: ListProps) {
  const { rows } = listing;
  const window = useRef<Window>({ first: 0, end: 0 });
  const see = () => {
    const { first, end } = window.current;
    sight.see(rows.slice(first, end).map((alarm) => alarm.id));
  };
  useEffect(see, [rows]);
  const at = (index: number) => rows[index] as Entry;
  return (
    <Rows
      count={rows.length}
      rem={ROW_REM}
      label="Alarms"
      empty={table.isWhole ? "No alarm fits." : "Waiting for the engine …"}
      head={<AlarmHead />}
      keys={{
        of: JSON.stringify(question),
        at: (index) => at(index).id,
        find: (id) => listing.find(id),
      }}
      isSelected={(index) => isSelected(selection, at(index))}
      row={(index) => (
        <AlarmRow
          alarm={at(index)}
          more={sight.of(at(index).id)}
          isSelected={isSelected(selection, at(index))}
          isStale={isStale}
          isMoreStale={sight.isStale(at(index).id)}
          onToggle={on.onToggle}
        />
      )}
      onWindow={(seen) => {
        window.current = seen;
        see();
      }}
      onChoose={on.onChoose}
      onKey={on.onKey}
      onOpen={(index) => on.onOpen(at(index))}
    />
  );
}

function Count({ shown, isStale }: { shown: number; isStale: boolean }) {
  if (!table.isWhole) return null;
  const others = table.size > shown ? `, ${count(table.size - shown)} others` : "";
  return (
    <p class={isStale ? "note live stale" : "note live"}>
      {count(shown)} shown
      {others}
    </p>
  );
}
