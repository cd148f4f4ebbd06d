// The row of tabs, and what one sets for oneself.

import { horn, switchHorn } from "../alarms/horn";
import { summary } from "../alarms/summary";
import { session, signOut } from "../engine/session";
import { type Route, route } from "../route";
import { zone } from "../text/time";

import { openHelp } from "./help";
import { theme } from "./theme";

const TABS: { name: string; href: string; views: Route["view"][] }[] = [
  { name: "Overview", href: "#/", views: ["overview"] },
  { name: "Devices", href: "#/devices", views: ["devices", "device", "point"] },
  { name: "Alarms", href: "#/alarms", views: ["alarms"] },
  { name: "Canary", href: "#/canary", views: ["canary"] },
];

export function Tabs() {
  const { view } = route.value;
  return (
    <div class="tabs">
      <nav aria-label="Views">
        {TABS.map(({ name, href, views }) => (
          <a key={name} href={href} aria-current={views.includes(view) ? "page" : undefined}>
            {name}
            {name === "Alarms" ? <Waiting /> : null}
          </a>
        ))}
      </nav>
      <Settings />
    </div>
  );
}

function Waiting() {
  const all = Object.values(summary.value?.priorities ?? {});
  const count = all.reduce((sum, { unacknowledged }) => sum + unacknowledged, 0);
  if (count === 0) return null;
  return (
    <span class="count">
      {count}
      <span class="unseen"> unacknowledged</span>
    </span>
  );
}

const NEXT = { auto: "light", light: "dark", dark: "auto" } as const;
const THEMES = { auto: "◐ Auto", light: "○ Light", dark: "● Dark" };

function Settings() {
  const isOn = horn.value === "on";
  const { principal, mode } = session.value;
  return (
    <div class="settings" role="group" aria-label="Settings">
      <button type="button" aria-pressed={isOn} onClick={switchHorn}>
        {isOn ? "♪ Sound on" : "♪ Sound off"}
      </button>
      <button
        type="button"
        aria-pressed={zone.value === "utc"}
        onClick={() => (zone.value = zone.value === "utc" ? "local" : "utc")}
      >
        {zone.value === "utc" ? "UTC" : "Local time"}
      </button>
      <button
        type="button"
        aria-label={`Colours: ${theme.value}`}
        onClick={() => (theme.value = NEXT[theme.value])}
      >
        {THEMES[theme.value]}
      </button>
      <button type="button" aria-label="Keyboard help" aria-keyshortcuts="?" onClick={openHelp}>
        ? Help
      </button>
      {mode === "on" && principal ? (
        <button type="button" onClick={() => void signOut()}>
          Sign out {principal}
        </button>
      ) : null}
    </div>
  );
}
