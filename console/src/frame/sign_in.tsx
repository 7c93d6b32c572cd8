import { useState } from "preact/hooks";
import { Field } from "../components/field";
import icon from "../icon.svg";
import { api, ApiError } from "./api";
import { session, setToken, signInReason, type Session } from "./session";
import { useStore } from "./store";

// Asks the server who the token is, and begins the session. Errors: what the server said.
export async function beginSession(): Promise<void> {
  session.set(await api.get<Session>("/v1/session"));
  signInReason.set("");
}

export function SignIn() {
  const reason = useStore(signInReason);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const value = String(new FormData(event.currentTarget as HTMLFormElement).get("token")).trim();
    if (!value) {
      setError("enter a token");
      return;
    }
    setBusy(true);
    setToken(value);
    try {
      await beginSession();
    } catch (failure) {
      setToken("");
      signInReason.set("");
      setError(wording(failure));
    }
    setBusy(false);
  }

  return (
    <main class="sign-in">
      <form class="panel stack" onSubmit={submit}>
        <div class="row">
          <img src={icon} alt="" width="32" height="32" />
          <h1>Sign in to Sinan</h1>
        </div>
        {reason && (
          <p class="error-box" role="alert">
            {reason}
          </p>
        )}
        <Field label="Token" error={error} help="An admin makes one with: sinan token create NAME --role editor">
          {(attributes) => (
            <input {...attributes} name="token" type="password" autocomplete="off" spellcheck={false} autofocus />
          )}
        </Field>
        <button class="button primary" type="submit" disabled={busy}>
          {busy ? "Signing in…" : "Sign in"}
        </button>
        <p class="small muted">The token stays in this tab and is forgotten when you close it.</p>
      </form>
    </main>
  );
}

function wording(failure: unknown): string {
  if (!(failure instanceof ApiError)) return String(failure);
  if (failure.status === 401) return "the server does not know this token";
  if (failure.status === 403) return `${failure.message}: the console needs a token of a viewer, editor or admin`;
  return failure.hint ? `${failure.message} (${failure.hint})` : failure.message;
}
