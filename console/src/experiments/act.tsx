// A change of a stored object: asked for once more, with its reason for the audit log.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Confirm } from "../components/dialog";
import { ErrorBox } from "../components/error_box";
import { Field } from "../components/field";
import { api } from "../frame/api";
import { toast } from "../frame/toasts";
import type { Changed } from "./model";

export interface Action {
  title: string;
  button: string;
  method: "POST" | "PATCH" | "DELETE";
  path: string;
  body?: Record<string, unknown>;
  danger?: boolean;
  explain: ComponentChildren;
}

interface ActProps {
  action: Action;
  version: number; // of the object as it is shown: somebody else's change in between is not overwritten
  onDone: () => void;
  onClose: () => void;
}

export function Act({ action, version, onDone, onClose }: ActProps) {
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const confirm = async () => {
    setBusy(true);
    const headers = { "If-Match": `"${version}"` };
    const body = { ...action.body, ...(reason && { reason }) };
    try {
      const changed =
        action.method === "DELETE"
          ? await api.delete<Changed>(`${action.path}?reason=${encodeURIComponent(reason)}`, { headers })
          : action.method === "PATCH"
            ? await api.patch<Changed>(action.path, body, { headers })
            : await api.post<Changed>(action.path, body, { headers });
      toast([changed.message, ...changed.warnings].join(" "));
      onDone();
    } catch (thrown) {
      setError(thrown);
      setBusy(false);
    }
  };
  return (
    <Confirm title={action.title} action={action.button} danger={action.danger} busy={busy} onConfirm={confirm} onClose={onClose}>
      <div class="stack">
        <div>{action.explain}</div>
        <Field label="Reason" help="For the audit log">
          {(attributes) => <input {...attributes} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />}
        </Field>
        {error !== undefined && <ErrorBox error={error} />}
      </div>
    </Confirm>
  );
}
