// Two engines of a real fleet, one of them a canary, as the page of either shows them.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Visit, launch } from "../support/browser.mjs";
import { Engine, freePort, until } from "../support/engine.mjs";

const DEVICES = 5;

let nats;
let folder;
let browser;
const engines = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "gridos-nats-"));
  const port = await freePort();
  // Debian has it where only root looks.
  const PATH = `${process.env.PATH}:/usr/sbin`;
  const args = ["--jetstream", "--store_dir", folder, "--addr", "127.0.0.1", "--port", `${port}`];
  nats = spawn("nats-server", args, { stdio: "ignore", env: { ...process.env, PATH } });
  const absent = await freePort();
  for (const role of ["stable", "canary"]) {
    engines.push(await Engine.run(config(role, port, absent)));
  }
  browser = await launch();
});

after(async () => {
  await browser?.close();
  for (const engine of engines) await engine.end();
  nats?.kill();
  await rm(folder, { recursive: true, force: true });
});

/** Devices that never answer belong to somebody all the same. */
function config(role, port, absent) {
  const devices = Array.from(
    { length: DEVICES },
    (_, n) => `[[device]]\nname = "d${n}"\nprofile = "p"\naddress = "127.0.0.${n + 2}:${absent}"\n`,
  );
  return (
    `[fleet]\nservers = "nats://127.0.0.1:${port}"\nmember = "${role}-1"\nrole = "${role}"\nreplicas = 1\n` +
    `[[profile]]\nname = "p"\nprotocol = "modbus"\npoint = [{ name = "u", holding = 0 }]\n` +
    devices.join("")
  );
}

test("members are shown with what they have, and a share as it is set", async () => {
  for (const engine of engines) {
    const path = "/api/v1/scada/status";
    await until(() => engine.get(path), (status) => status.fleet?.members.length === 2);
  }
  const visit = await Visit.open(browser, engines[0], { hash: "#/canary" });
  await visit.page.waitForSelector("text=A canary has 0 of 5 channels");
  await visit.page.waitForSelector("tr:has-text('stable-1 (this one)') >> text=5");
  await visit.page.waitForSelector("tr:has-text('canary-1')");
  // Of devices that never answer nothing is known, which is not 0.
  await visit.page.waitForSelector("h2:has-text('Side by side')");
  await visit.page.waitForSelector("tr:has-text('wire → durable, p95') >> text=–");
  await visit.page.waitForSelector("tr:has-text('scans answered') >> text=–");
  await visit.isAccessible("canary");
  await visit.close();
});
