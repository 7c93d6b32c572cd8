// Declaring a parameter, or changing one.
import { useState } from "preact/hooks";
import { Field } from "../components/field";
import { Loaded } from "../components/loaded";
import { api, ApiError } from "../frame/api";
import { useData } from "../frame/use_data";
import { nameProblem, newKey } from "./draft";
import { editText, readValue, type Parameter, type Value } from "./model";
import { placeOf, useSaving } from "./saving";
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
  const answer = useData(
    async (signal) => (name === undefined ? {} : api.get<{ parameter: Parameter }>(`/v1/parameters/${encodeURIComponent(name)}`, signal)) as
      Promise<{ parameter?: Parameter }>,
    [name],
  );
  return (
    <div class="stack">
      <h1>{name === undefined ? "Parameters: a new one" : `Parameters: change ${name}`}</h1>
      <Loaded answer={answer}>
        {({ parameter }) => <Form key={parameter?.version} stored={parameter} onReload={answer.reload} />}
      </Loaded>
    </div>
  );
}

function Form({ stored, onReload }: { stored?: Parameter; onReload: () => void }) {
  const [draft, setDraft] = useState(() => draftOf(stored));
  const set = (change: Partial<Draft>) => {
    setDraft((old) => ({ ...old, ...change }));
    saving.edited();
  };
  const { body, legal, problems } = readDraft(draft);
  const { name, type, ...members } = body;
  const saving = useSaving({
    page: "parameters", stored, name: draft.name, isComplete: Object.keys(problems).length === 0, change: members, creation: body,
  });
  const { tried, refused } = saving;
  const place = refused instanceof ApiError ? placeOf(refused) : "";
  const errorAt = (at: string): string | undefined =>
    (tried ? problems[at] : undefined) ?? (refused && place === at ? (refused as Error).message : undefined);
  const kind = { type: draft.type, values: legal.length > 0 ? legal : undefined };

  return (
    <form class="stack narrow-form" onSubmit={saving.save} noValidate>
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
      {saving.panel(onReload, "Declare it")}
    </form>
  );
}
