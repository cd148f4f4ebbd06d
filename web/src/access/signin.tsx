// The form that is shown while the engine wants to know who one is.

import { useEffect, useRef, useState } from "preact/hooks";

import { wordsOf } from "../engine/problem";
import { signIn } from "../engine/session";

export function SignIn() {
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const name = useRef<HTMLInputElement>(null);
  useEffect(() => name.current?.focus(), []);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const given = new FormData(form);
    setBusy(true);
    try {
      await signIn(String(given.get("name")).trim(), String(given.get("password")));
    } catch (error) {
      setProblem(wordsOf(error));
      form.querySelector<HTMLInputElement>("[name=password]")?.select();
    }
    setBusy(false);
  }

  return (
    <main class="signin">
      <form onSubmit={submit} aria-labelledby="signin-title">
        <h1 id="signin-title">GridOS</h1>
        <p>Sign in to see this engine.</p>
        <label>
          Name
          <input ref={name} name="name" autocomplete="username" spellcheck={false} required />
        </label>
        <label>
          Password
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="problem" role="alert">
          {problem ? `✕ ${problem}` : ""}
        </p>
        <button class="main" disabled={isBusy}>
          Sign in
        </button>
      </form>
    </main>
  );
}
