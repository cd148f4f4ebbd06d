// The real engine, as a process of the tests' own.

import { execFileSync, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const BINARY =
  process.env.GRIDOS_BINARY ?? fileURLToPath(new URL("../../../target/debug/gridos", import.meta.url));

export class Engine {
  #process;
  #ended;
  #log = "";

  constructor(folder) {
    this.folder = folder;
    this.address = null;
  }

  /** `gridos demo`: simulated feeders, and the engine that polls them. */
  static async demo() {
    const engine = new Engine(await mkdtemp(join(tmpdir(), "gridos-page-")));
    engine.args = ["demo", "--listen", "127.0.0.1:0", "--data-dir", join(engine.folder, "data")];
    await engine.start();
    return engine;
  }

  /** `gridos run` with `config`, to which the address and the folder are added; before it starts,
   *  `prepare` may do something with its folder. */
  static async run(config, prepare = () => {}) {
    const engine = new Engine(await mkdtemp(join(tmpdir(), "gridos-page-")));
    const file = join(engine.folder, "gridos.toml");
    const head = `[engine]\nname = "test"\ndata_dir = "${join(engine.folder, "data")}"\n[http]\nlisten = "127.0.0.1:${await freePort()}"\n`;
    await writeFile(file, head + config);
    engine.args = ["run", file];
    await prepare(engine);
    await engine.start();
    return engine;
  }

  /** Adds a user to the file that the configuration names. */
  addUser(name, role, password) {
    const args = ["user", "add", join(this.folder, "gridos.toml"), name, "--role", role];
    execFileSync(BINARY, args, { input: `${password}\n`, stdio: ["pipe", "ignore", "inherit"] });
  }

  async start() {
    this.#process = spawn(BINARY, this.args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#ended = new Promise((resolve) => this.#process.once("close", resolve));
    this.#log = "";
    this.address = await new Promise((resolve, reject) => {
      const take = (piece) => {
        this.#log += piece;
        const found = /page and API[^\n]*(http:\/\/[^/\s]+)/.exec(this.#log);
        if (found) resolve(found[1]);
      };
      // `demo` says where it is on its output, `run` in its log.
      this.#process.stdout.on("data", take);
      this.#process.stderr.on("data", take);
      this.#ended.then(() => reject(new Error(`the engine ended: ${this.#log}`)));
    });
  }

  signal(name) {
    this.#process.kill(name);
  }

  /** Kills it, and waits until it is gone. */
  async kill() {
    this.signal("SIGKILL");
    await this.#ended;
  }

  /** Kills it, and removes what it wrote. */
  async end() {
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async get(path) {
    const answer = await fetch(this.address + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  async post(path, body) {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(this.address + path, { method: "POST", headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Posts one reading per entry. */
  async read(values) {
    const readings = Object.entries(values).map(([point, value]) => ({ point, value }));
    return this.post("/api/v1/scada/data", { readings });
  }
}

export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks until `found` is true of the answer: the engine is at work, and nothing here is timed. */
export async function until(question, found) {
  for (;;) {
    const answer = await question();
    if (found(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
