// Declaring a parameter, or changing one.
import { useState } from "preact/hooks";
import { ErrorBox } from "../components/error_box";
import { Field } from "../components/field";
import { api, ApiError } from "../frame/api";
import { go, href } from "../frame/router";
import { toast } from "../frame/toasts";
import { useData } from "../frame/use_data";
import { nameProblem, newKey } from "./draft";
import { editText, readValue, type Changed, type Parameter, type Value } from "./model";
import { FormError, placeOf, Reason } from "./saving";
import { ValueField } from "./value_field";

const kTypes: Parameter["type"][] = ["bool", "int", "double", "string", "json"];

interface DraftRule {
  key: number;
  when: string;
  value: string;
}

interface Draft {
  name: string;
  type: Parameter["type"];
  fallback: string;
  values: { key: number; text: string }[];
  rules: DraftRule[];
  owner: string;
  description: string;
}

function draftOf(parameter?: Parameter): Draft {
  if (!parameter) return { name: "", type: "string", fallback: "", values: [], rules: [], owner: "", description: "" };
  return {
    name: parameter.name, type: parameter.type, fallback: editText(parameter.default),
    values: (parameter.values ?? []).map((value) => ({ key: newKey(), text: editText(value) })),
    rules: (parameter.rules ?? []).map((rule) => ({ key: newKey(), when: rule.when, value: editText(rule.value) })),
    owner: parameter.owner ?? "", description: parameter.description ?? "",
  };
}

// What the draft says, and what is wrong with it by place, as the server names places.
function readDraft(draft: Draft): { body: Record<string, unknown>; legal: Value[]; problems: Record<string, string> } {
  const problems: Record<string, string> = {};
  const read = (text: string, place: string): Value | undefined => {
    try {
      if (text !== "") return readValue(text, draft.type);
      problems[place] = draft.type === "string" ? "a value; '' is the empty text" : "it needs a value";
    } catch (error) {
      problems[place] = (error as Error).message;
    }
    return undefined;
  };
  if (nameProblem(draft.name)) problems.name = nameProblem(draft.name)!;
  const values = draft.values.map(({ text }, i) => read(text, `values[${i}]`));
  const rules = draft.rules.map(({ when, value }, i) => {
    if (when.trim() === "") problems[`rules[${i}].when`] = "a condition; TRUE is for everybody";
    return { when, value: read(value, `rules[${i}].value`) };
  });
  const body = {
    name: draft.name, type: draft.type, default: read(draft.fallback, "default"),
    values: values.length > 0 ? values : null, rules: rules.length > 0 ? rules : null,
    owner: draft.owner || null, description: draft.description || null,
  };
  return { body, legal: values.filter((value): value is Value => value !== undefined), problems };
}

export function ParameterForm({ name }: { name?: string }) {
  const { data, error, reload } = useData(
    async (signal) => (name === undefined ? {} : api.get<{ parameter: Parameter }>(`/v1/parameters/${encodeURIComponent(name)}`, signal)) as
      Promise<{ parameter?: Parameter }>,
    [name],
  );
  return (
    <div class="stack">
      <h1>{name === undefined ? "Parameters: a new one" : `Parameters: change ${name}`}</h1>
      {error ? (
        <ErrorBox error={error} onRetry={reload} />
      ) : !data ? (
        <p class="loading">Loading…</p>
      ) : (
        <Form key={data.parameter?.version} stored={data.parameter} onReload={reload} />
      )}
    </div>
  );
}

function Form({ stored, onReload }: { stored?: Parameter; onReload: () => void }) {
  const [draft, setDraft] = useState(() => draftOf(stored));
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>();
  const set = (change: Partial<Draft>) => {
    setDraft((old) => ({ ...old, ...change }));
    setRefused(undefined);
  };
  const { body, legal, problems } = readDraft(draft);
  const place = refused instanceof ApiError ? placeOf(refused) : "";
  const errorAt = (at: string): string | undefined =>
    (tried ? problems[at] : undefined) ?? (refused && place === at ? (refused as Error).message : undefined);
  const kind = { type: draft.type, values: legal.length > 0 ? legal : undefined };

  const save = async (event: Event) => {
    event.preventDefault();
    setTried(true);
    const form = event.currentTarget as HTMLFormElement;
    if (Object.keys(problems).length > 0) {
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
      return;
    }
    setBusy(true);
    const { name, type, ...members } = body;
    try {
      const changed = stored
        ? await api.patch<Changed>(`/v1/parameters/${encodeURIComponent(stored.name)}`, { ...members, reason },
                                   { headers: { "If-Match": `"${stored.version}"` } })
        : await api.post<Changed>("/v1/parameters", { ...members, name, type, reason });
      toast([changed.message, ...changed.warnings].join(" "));
      go(href("parameters", draft.name));
    } catch (error) {
      setRefused(error);
      setBusy(false);
    }
  };

  return (
    <form class="stack narrow-form" onSubmit={save} noValidate>
      <section class="panel stack" aria-labelledby="basics">
        <h2 id="basics">What it is</h2>
        <div class="form-grid">
          {!stored && (
            <>
              <Field label="Name" error={errorAt("name")} help="As programs ask for it: checkout.button_color">
                {(attributes) => <input {...attributes} value={draft.name} onInput={(event) => set({ name: event.currentTarget.value.trim() })} />}
              </Field>
              <Field label="Type">
                {(attributes) => (
                  <select {...attributes} value={draft.type}
                          onChange={(event) => set({ type: event.currentTarget.value as Parameter["type"], fallback: "" })}>
                    {kTypes.map((type) => (
                      <option key={type}>{type}</option>
                    ))}
                  </select>
                )}
              </Field>
            </>
          )}
          <ValueField label="Default" parameter={kind} text={draft.fallback} error={errorAt("default")}
                      help="What is seen where nothing else decides" onInput={(fallback) => set({ fallback })} />
          <Field label="Owner">
            {(attributes) => <input {...attributes} value={draft.owner} onInput={(event) => set({ owner: event.currentTarget.value })} />}
          </Field>
        </div>
        <Field label="Description">
          {(attributes) => <textarea {...attributes} rows={2} value={draft.description} onInput={(event) => set({ description: event.currentTarget.value })} />}
        </Field>
      </section>
      <section class="panel stack" aria-labelledby="values">
        <h2 id="values">Legal values</h2>
        {draft.values.length === 0 && <p class="muted">Any {draft.type} is legal.</p>}
        {draft.values.map((value, index) => (
          <div key={value.key} class="value-line">
            <Field label={`Value ${index + 1}`} error={errorAt(`values[${index}]`)}>
              {(attributes) => (
                <input {...attributes} class="mono" value={value.text}
                       onInput={(event) => set({ values: draft.values.map((each) => (each === value ? { ...each, text: event.currentTarget.value } : each)) })} />
              )}
            </Field>
            <button type="button" class="button small" aria-label={`Remove value ${index + 1}`}
                    onClick={() => set({ values: draft.values.filter((each) => each !== value) })}>
              Remove
            </button>
          </div>
        ))}
        <div>
          <button type="button" class="button small" onClick={() => set({ values: [...draft.values, { key: newKey(), text: "" }] })}>
            Add a value
          </button>
        </div>
      </section>
      <section class="panel stack" aria-labelledby="rules">
        <h2 id="rules">Rules</h2>
        <p class="muted">Experiments come first; then the first rule whose condition holds decides; then the default.</p>
        {draft.rules.map((rule, index) => {
          const change = (part: Partial<DraftRule>) => set({ rules: draft.rules.map((each) => (each === rule ? { ...each, ...part } : each)) });
          return (
            <fieldset key={rule.key} class="stack">
              <legend>Rule {index + 1}</legend>
              <Field label="Condition" error={errorAt(`rules[${index}].when`)}>
                {(attributes) => (
                  <textarea {...attributes} class="mono" rows={2} spellcheck={false} value={rule.when}
                            onInput={(event) => change({ when: event.currentTarget.value })} />
                )}
              </Field>
              <ValueField label="Value" parameter={kind} text={rule.value} error={errorAt(`rules[${index}].value`)}
                          onInput={(value) => change({ value })} />
              <div class="row">
                {index > 0 && (
                  <button type="button" class="button small"
                          onClick={() => set({ rules: draft.rules.map((each, i) => (i === index - 1 ? rule : i === index ? draft.rules[index - 1]! : each)) })}>
                    Move rule {index + 1} up
                  </button>
                )}
                <button type="button" class="button small" onClick={() => set({ rules: draft.rules.filter((each) => each !== rule) })}>
                  Remove rule {index + 1}
                </button>
              </div>
            </fieldset>
          );
        })}
        <div>
          <button type="button" class="button small" onClick={() => set({ rules: [...draft.rules, { key: newKey(), when: "", value: "" }] })}>
            Add a rule
          </button>
        </div>
      </section>
      <section class="panel stack" aria-label="Save">
        <Reason value={reason} onInput={setReason} />
        {refused !== undefined && <FormError error={refused} onReload={onReload} />}
        {tried && Object.keys(problems).length > 0 && <p class="field-error" role="alert">It cannot be saved yet: see the fields that are marked.</p>}
        <div class="row">
          <button class="button primary" disabled={busy}>
            {stored ? "Save the changes" : "Declare it"}
          </button>
          <a class="button" href={stored ? href("parameters", stored.name) : href("parameters")}>
            Cancel
          </a>
        </div>
      </section>
    </form>
  );
}
