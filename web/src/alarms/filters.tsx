// Which alarms are shown, and in which order: it stands in the address.

import type { Query } from "../engine/ask";
import { Search } from "../parts/search";
import { route, setQuery } from "../route";
import { PRIORITIES } from "../text/words";

import { summary } from "./summary";

const ROWS_MAX = 1000;

/** What each choice asks of the engine. */
const SHOW: Record<string, { word: string; query: Query }> = {
  standing: { word: "all that stand", query: { hidden: 0 } },
  unacknowledged: { word: "unacknowledged", query: { hidden: 0, acknowledged: 0 } },
  active: { word: "active", query: { hidden: 0, active: 1 } },
  hidden: { word: "shelved and suppressed", query: { hidden: 1 } },
  all: { word: "everything", query: {} },
};

const SORTS: [string, string][] = [
  ["priority", "priority"],
  ["newest", "newest"],
  ["name", "name"],
];

/** The question that the address asks. */
export function queryOf(given: URLSearchParams): Query {
  const one = (name: string) => given.get(name) ?? undefined;
  return {
    ...(SHOW[one("show") ?? "standing"]?.query ?? {}),
    sort: one("sort") ?? "priority",
    priority_min: one("priority"),
    area: one("area"),
    device: one("device"),
    q: one("q"),
    limit: ROWS_MAX,
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
