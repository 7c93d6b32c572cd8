// A form field: label, help and error, tied to the control by the attributes it is given.
//
//     <Field label="Rollout" error={error} help="percent">{(attributes) => <input {...attributes} type="number" />}</Field>
import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

export interface FieldAttributes {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: "true";
}

interface FieldProps {
  label: ComponentChildren;
  help?: ComponentChildren;
  error?: string;
  children: (attributes: FieldAttributes) => ComponentChildren;
}

export function Field({ label, help, error, children }: FieldProps) {
  const id = useId();
  const described = [error && `${id}-error`, help && `${id}-help`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": described || undefined, "aria-invalid": error ? "true" : undefined })}
      {error && (
        <span class="field-error" id={`${id}-error`} role="alert">
          {error}
        </span>
      )}
      {help && (
        <span class="field-help" id={`${id}-help`}>
          {help}
        </span>
      )}
    </div>
  );
}
