// What the forms of parameters and experiments share: the reason, and why saving was refused.
import { ErrorBox } from "../components/error_box";
import { Field } from "../components/field";
import { ApiError } from "../frame/api";

export function Reason({ value, onInput }: { value: string; onInput: (reason: string) => void }) {
  return (
    <Field label="Reason" help="For the audit log">
      {(attributes) => <input {...attributes} value={value} onInput={(event) => onInput(event.currentTarget.value)} />}
    </Field>
  );
}

export function FormError({ error, onReload }: { error: unknown; onReload: () => void }) {
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
