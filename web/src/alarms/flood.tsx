// The banner of a flood: more alarms than anybody can respond to.

import { overview } from "../engine/live";
import { toAlarms } from "../route";

export function FloodBanner() {
  const areas = overview.value?.alarms.flood ?? [];
  if (areas.length === 0) return null;
  return (
    <div class="banner flood">
      <p role="status">
        <strong>▲ ALARM FLOOD</strong> in {areas.join(", ")}
        <span class="more">: more alarms than anybody can respond to; work by priority</span>
      </p>
      <a href={toAlarms({ show: "unacknowledged" })}>Unacknowledged by priority</a>
    </div>
  );
}
