// Every view, light and dark, wide and narrow: for everybody, and nothing sticks out.

import { after, before, test } from "node:test";

import { Visit, launch } from "../support/browser.mjs";
import { until } from "../support/engine.mjs";
import { blow, startGrid, station, windAlarm } from "../support/grid.mjs";

const VIEWS = {
  overview: { hash: "#/", mark: ".tile" },
  devices: { hash: "#/devices", mark: ".body [role=row] a" },
  device: { hash: `#/devices/${station(1)}`, mark: ".body [role=row]" },
  "a device that is down": { hash: "#/devices/dead-bay", mark: ".statistics .errors" },
  trend: { hash: `#/points/${station(1)}.wind_speed`, mark: ".chart canvas" },
  alarms: { hash: "#/alarms", mark: ".body [role=row]" },
  canary: { hash: "#/canary", mark: "text=No canary is running" },
};

let engine;
let browser;

before(async () => {
  engine = await startGrid(40);
  browser = await launch();
  for (let n = 1; n <= 20; n += 1) await blow(engine, n, n % 2 === 0 ? 24 : 30);
  const path = `/api/v1/alarms/${encodeURIComponent(windAlarm(2))}`;
  const { alarm } = await until(() => engine.get(path), (said) => said.alarm.occurrence > 0);
  await engine.post(`${path}/ack`, { occurrence: alarm.occurrence, by: "anna" });
  await until(() => engine.get("/api/v1/scada/status"), (status) => status.devices.down === 1);
});

after(async () => {
  await browser?.close();
  await engine?.end();
});

for (const [name, { hash, mark }] of Object.entries(VIEWS)) {
  for (const scheme of ["light", "dark"]) {
    test(`${name}, ${scheme}, has nothing that axe-core calls serious`, async () => {
      const visit = await Visit.open(browser, engine, { hash, scheme });
      await visit.page.waitForSelector(mark);
      await visit.isAccessible(name);
      await visit.close();
    });
  }
  test(`${name} fits a telephone and a wall`, async () => {
    for (const size of [[360, 640], [3840, 1600]]) {
      const visit = await Visit.open(browser, engine, { hash, size });
      await visit.page.waitForSelector(mark);
      await visit.fits(`${name} at ${size[0]}`);
      await visit.close();
    }
  });
}

test("dialogs and details are for everybody as well", async () => {
  const visit = await Visit.open(browser, engine, { hash: "#/alarms" });
  await visit.page.click(".body [role=row] >> nth=1");
  await visit.page.waitForSelector("aside:has-text('What happened to it')");
  await visit.isAccessible("detail");
  await visit.page.click(".orders button:has-text('Select all')");
  await visit.page.click(".orders button:has-text('Shelve')");
  await visit.page.waitForSelector("dialog");
  await visit.isAccessible("shelve");
  await visit.page.keyboard.press("Escape");
  await visit.page.keyboard.press("Tab");
  await visit.page.click("text=? Help");
  await visit.page.waitForSelector("dialog:has-text('Keyboard')");
  await visit.isAccessible("help");
  await visit.close();
});

test("who has chosen dark or light gets it", async () => {
  const visit = await Visit.open(browser, engine, { scheme: "dark" });
  const ground = () => visit.page.$eval("html", (html) => getComputedStyle(html).backgroundColor);
  const dark = await ground();
  await visit.page.click("button:has-text('Auto')");
  await visit.until((old) => getComputedStyle(document.documentElement).backgroundColor !== old, dark);
  await visit.page.click("button:has-text('Light')");
  await visit.until((old) => getComputedStyle(document.documentElement).backgroundColor === old, dark);
  await visit.close();
});
