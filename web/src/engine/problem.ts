// An answer that is no success, in the one shape that the engine has for them (RFC 9457).

export class Problem extends Error {
  readonly status: number;
  readonly kind: string;

  constructor(status: number, kind: string, detail: string) {
    super(detail);
    this.status = status;
    this.kind = kind;
  }

  static async of(answer: Response): Promise<Problem> {
    const body: unknown = await answer.json().catch(() => null);
    const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
    const text = (name: string) => (typeof said[name] === "string" ? String(said[name]) : "");
    const detail = [text("detail") || `the engine answered ${answer.status}`, text("hint")];
    return new Problem(answer.status, text("type"), detail.filter(Boolean).join("; "));
  }
}

/** What went wrong, in words for whoever sits before the page. */
export function wordsOf(error: unknown): string {
  if (error instanceof Problem) return error.message;
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return "the engine did not answer in time";
  }
  return "the engine cannot be reached";
}
