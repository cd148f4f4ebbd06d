// Which alarms are shown, and in which order: it stands in the address.

import type { Priority } from "../engine/shapes";
import { Search } from "../parts/search";
import { route, setQuery } from "../route";
import { PRIORITIES } from "../text/words";

import type { Question, Sort } from "./question";
import { summary } from "./summary";

/** What each choice asks for. */
const SHOW: Record<string, { word: string; asks: Partial<Question> }> = {
  standing: { word: "all that stand", asks: { hidden: false } },
  unacknowledged: { word: "unacknowledged", asks: { hidden: false, acknowledged: false } },
  active: { word: "active", asks: { hidden: false, active: true } },
  hidden: { word: "shelved and suppressed", asks: { hidden: true } },
  all: { word: "everything", asks: {} },
};

const SORTS: [Sort, string][] = [
  ["priority", "priority"],
  ["newest", "newest"],
  ["name", "name"],
];

/** The question that the address asks; what it says that makes no sense asks nothing. */
export function questionOf(given: URLSearchParams): Question {
  const one = (name: string) => given.get(name) ?? undefined;
  return {
    ...(SHOW[one("show") ?? "standing"]?.asks ?? {}),
    sort: SORTS.find(([sort]) => sort === one("sort"))?.[0] ?? "priority",
    least: PRIORITIES.find((priority: Priority) => priority === one("priority")),
    area: one("area"),
    device: one("device"),
    part: one("q"),
  };
}

export function Filters() {
  const { query } = route.value;
  const areas = Object.keys(summary.value?.areas ?? {}).filter(Boolean);
  const device = query.get("device");
  return (
    <>
      <Search
        value={query.get("q") ?? ""}
        onChange={(text) => setQuery({ q: text })}
        label="Find an alarm"
      />
      <Choice name="show" label="Show" usual="standing" options={shows()} />
      <Choice name="sort" label="Sort by" usual="priority" options={SORTS} />
      <Choice
        name="priority"
        label="From"
        usual=""
        options={[["", "any priority"], ...PRIORITIES.map(least)]}
      />
      {areas.length > 1 ? (
        <Choice
          name="area"
          label="Area"
          usual=""
          options={[["", "all"], ...areas.map((area): [string, string] => [area, area])]}
        />
      ) : null}
      {device ? (
        <button type="button" onClick={() => setQuery({ device: null })}>
          only {device} ✕
        </button>
      ) : null}
    </>
  );
}

function shows(): [string, string][] {
  return Object.entries(SHOW).map(([name, { word }]) => [name, word]);
}

function least(priority: string): [string, string] {
  return [priority, priority === "urgent" ? "urgent" : `${priority} up`];
}

interface ChoiceProps {
  name: string;
  label: string;
  usual: string;
  options: [string, string][];
}

function Choice({ name, label, usual, options }: ChoiceProps) {
  const chosen = route.value.query.get(name) ?? usual;
  return (
    <label>
      {label}{" "}
      <select
        value={chosen}
        onChange={(event) => setQuery({ [name]: event.currentTarget.value })}
      >
        {options.map(([value, word]) => (
          <option key={value} value={value}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}
