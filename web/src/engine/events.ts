// Server-sent events as they come in pieces (WHATWG HTML §9.2).

export interface ServerEvent {
  kind: string;
  data: string;
}

/** Makes events of pieces of text, wherever these were cut. */
export class EventReader {
  #rest = "";
  #kind = "";
  #data: string[] = [];
  #id: string | null = null;

  /** The id of the last event that had one: to be said to whom it is to go on. */
  lastId: string | null = null;

  /** The events that `piece` completes. */
  take(piece: string): ServerEvent[] {
    const lines = (this.#rest + piece).split("\n");
    this.#rest = lines.pop() ?? "";
    const events: ServerEvent[] = [];
    for (const line of lines) {
      const event = this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
      if (event) events.push(event);
    }
    return events;
  }

  #line(line: string): ServerEvent | null {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#kind = value;
    if (field === "data") this.#data.push(value);
    if (field === "id") this.#id = value;
    return null;
  }

  #dispatch(): ServerEvent | null {
    const event = { kind: this.#kind || "message", data: this.#data.join("\n") };
    const isEmpty = this.#data.length === 0;
    this.#kind = "";
    this.#data = [];
    this.lastId = this.#id;
    return isEmpty ? null : event;
  }
}
