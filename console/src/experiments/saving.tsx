// What the forms of parameters and experiments share: how they are saved, with a reason, and why that was refused.
import { useState } from "preact/hooks";
import { ErrorBox } from "../components/error_box";
import { Field } from "../components/field";
import { api, ApiError } from "../frame/api";
import { go, href } from "../frame/router";
import { toast } from "../frame/toasts";
import type { Changed } from "./model";

interface Form {
  page: "parameters" | "experiments";
  stored?: { name: string; version: number }; // what is changed; without, a new one is made
  name: string;
  isComplete: boolean;
  change: Record<string, unknown>; // members for a PATCH
  creation: Record<string, unknown>; // and for a POST
}

export interface Saving {
  tried: boolean; // what is missing is told once saving was asked for
  refused: unknown;
  edited: () => void; // what was refused is another draft
  save: (event: Event) => Promise<void>; // of the form's submit; leads to what was saved
  panel: (onReload: () => void, create: string) => preact.JSX.Element; // reason, errors, buttons; `create` is the button's text for a new one
}

export function useSaving({ page, stored, name, isComplete, change, creation }: Form): Saving {
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>();
  const save = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    const form = event.currentTarget as HTMLFormElement;
    if (!isComplete) {
      // Once the errors stand at their places.
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    setBusy(true);
    try {
      const changed = stored
        ? await api.patch<Changed>(`/v1/${page}/${encodeURIComponent(stored.name)}`, { ...change, reason },
                                   { headers: { "If-Match": `"${stored.version}"` } })
        : await api.post<Changed>(`/v1/${page}`, { ...creation, reason });
      toast([changed.message, ...changed.warnings].join(" "));
      go(href(page, name));
    } catch (error) {
      setRefused(error);
      setBusy(false);
    }
  };
  const panel = (onReload: () => void, create: string) => (
    <section class="panel stack" aria-label="Save">
      <Reason value={reason} onInput={setReason} />
      {refused !== undefined && <FormError error={refused} onReload={onReload} />}
      {tried && !isComplete && <p class="field-error" role="alert">It cannot be saved yet: see the fields that are marked.</p>}
      <div class="row">
        <button class="button primary" disabled={busy}>
          {stored ? "Save the changes" : create}
        </button>
        <a class="button" href={stored ? href(page, stored.name) : href(page)}>
          Cancel
        </a>
      </div>
      {!stored && page === "experiments" && <p class="small muted">A draft assigns nobody until it is started.</p>}
    </section>
  );
  return { tried, refused, edited: () => setRefused(undefined), save, panel };
}

export function Reason({ value, onInput }: { value: string; onInput: (reason: string) => void }) {
  return (
    <Field label="Reason" help="For the audit log">
      {(attributes) => <input {...attributes} value={value} onInput={(event) => onInput(event.currentTarget.value)} />}
    </Field>
  );
}

function FormError({ error, onReload }: { error: unknown; onReload: () => void }) {
  return (
    <>
      <ErrorBox error={error} />
      {error instanceof ApiError && error.status === 412 && (
        <div class="stack">
          <p>Somebody else saved while this form was open. Nothing of yours has been saved; what was typed here still stands.</p>
          <div>
            <button type="button" class="button" onClick={onReload}>
              Drop my changes and read it again
            </button>
          </div>
        </div>
      )}
    </>
  );
}

// The member of the request that the server names: "branches[0].when", or nothing.
export function placeOf(error: ApiError): string {
  const texts = [...((error.body.context as string[] | undefined) ?? []), error.message];
  return texts.map((text) => / at ([a-z_]+(?:\[\d+\]|\.[\w.-]+)*)$/.exec(text)?.[1]).find(Boolean) ?? "";
}
