// An answer that is no success, in the one shape that the engine has for them (RFC 9457).

export class Problem extends Error {
  readonly status: number;
  readonly kind: string;
  /** After so many seconds it may be asked again; null if that was not said. */
  readonly again_seconds: number | null;

  constructor(status: number, kind: string, detail: string, again_seconds: number | null = null) {
    super(detail);
    this.status = status;
    this.kind = kind;
    this.again_seconds = again_seconds;
  }

  static async of(answer: Response): Promise<Problem> {
    const body: unknown = await answer.json().catch(() => null);
    const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
    const text = (name: string) => (typeof said[name] === "string" ? String(said[name]) : "");
    const detail = [text("detail") || `the engine answered ${answer.status}`, text("hint")];
    const again = Number.parseInt(answer.headers.get("Retry-After") ?? "", 10);
    const words = detail.filter(Boolean).join("; ");
    return new Problem(answer.status, text("type"), words, Number.isNaN(again) ? null : again);
  }
}

/** What the engine said makes no sense to this page. */
export class Unreadable extends Error {}

/** What went wrong, in words for whoever sits before the page. */
export function wordsOf(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (error instanceof Unreadable) {
    return "the engine said something that this page cannot read; load the page anew";
  }
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return "the engine did not answer in time";
  }
  return "the engine cannot be reached";
}
