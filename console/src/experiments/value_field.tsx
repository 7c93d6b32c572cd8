// A value of a parameter: chosen where there are legal values, else typed (readValue of model.ts says how).
import type { ComponentChildren } from "preact";
import { Field } from "../components/field";
import { editText, valueText, type Parameter } from "./model";

interface ValueFieldProps {
  label: ComponentChildren;
  parameter: Pick<Parameter, "type" | "values">;
  text: string;
  unset?: string; // what it means that there is no value; without, there must be one
  error?: string;
  help?: ComponentChildren;
  onInput: (text: string) => void;
}

export function ValueField({ label, parameter, text, unset, error, help, onInput }: ValueFieldProps) {
  const legal = parameter.values ?? (parameter.type === "bool" ? [false, true] : undefined);
  const known = legal?.some((value) => editText(value) === text);
  return (
    <Field label={label} error={error} help={help}>
      {(attributes) =>
        legal ? (
          <select {...attributes} value={text} onChange={(event) => onInput(event.currentTarget.value)}>
            {(unset !== undefined || text === "") && <option value="">{unset ?? "choose"}</option>}
            {!known && text !== "" && <option value={text}>{text} (not legal)</option>}
            {legal.map((value) => (
              <option key={editText(value)} value={editText(value)}>
                {valueText(value)}
              </option>
            ))}
          </select>
        ) : (
          <input {...attributes} class="mono" value={text} placeholder={unset} onInput={(event) => onInput(event.currentTarget.value)} />
        )
      }
    </Field>
  );
}
