// The frame around every view: what is lost, the strip, the tabs, the view.

import { useEffect } from "preact/hooks";

import { SignIn } from "../access/signin";
import { AlarmsView } from "../alarms/view";
import { FloodBanner } from "../alarms/flood";
import { Horn } from "../alarms/horn";
import { CanaryView } from "../canary/view";
import { DeviceView } from "../devices/device";
import { DevicesView } from "../devices/view";
import { isShut } from "../engine/session";
import { link } from "../engine/stream";
import { OverviewView } from "../overview/view";
import { Said } from "../parts/say";
import { route } from "../route";
import { PointView } from "../trend/view";

import { Help, startKeys } from "./help";
import { LostBanner } from "./lost";
import { Strip } from "./strip";
import { Tabs } from "./tabs";

export function App() {
  useEffect(startKeys, []);
  const isLost = link.value.isLost;
  if (isShut.value) return <SignIn />;
  return (
    <div class={isLost ? "page lost" : "page"}>
      <a class="skip" href="#main" onClick={skip}>
        Skip to the view
      </a>
      <LostBanner />
      <header class="top">
        <Strip />
        <Tabs />
      </header>
      <FloodBanner />
      <main id="main" tabIndex={-1} class={`view-${route.value.view}`}>
        <View />
      </main>
      <Said />
      <Horn />
      <Help />
    </div>
  );
}

/** Moves the focus, and leaves the address to the view. */
function skip(event: Event) {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function View() {
  const { view, name } = route.value;
  switch (view) {
    case "overview":
      return <OverviewView />;
    case "devices":
      return <DevicesView />;
    case "device":
      return <DeviceView key={name} name={name} />;
    case "point":
      return <PointView key={name} name={name} />;
    case "alarms":
      return <AlarmsView />;
    case "canary":
      return <CanaryView />;
  }
}
