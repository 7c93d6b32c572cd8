// Defining an experiment, or changing one: a form, and beside it what the server proves of it while it is typed.
import { useState } from "preact/hooks";
import { ErrorBox } from "../components/error_box";
import { Field } from "../components/field";
import { Loaded } from "../components/loaded";
import { api, ApiError } from "../frame/api";
import { href } from "../frame/router";
import { useData } from "../frame/use_data";
import { BranchEditor } from "./branch_editor";
import { draftOf, emptyDraft, narrowed, newKey, readDraft, whole, type Draft, type DraftWindow, type Reading } from "./draft";
import { GroupEditor } from "./group_editor";
import { GroupTree } from "./group_tree";
import { useLiveCheck, type LiveCheck } from "./live_check";
import type { Experiment, Parameter } from "./model";
import { placeOf, useSaving } from "./saving";
import { Verdict } from "./verdict";

async function allParameters(signal: AbortSignal): Promise<Parameter[]> {
  const all: Parameter[] = [];
  let next: string | null = "";
  while (next !== null) {
    const page: { parameters: Parameter[]; next: string | null } = await api.get(
      `/v1/parameters?${new URLSearchParams({ limit: "1000", after: next })}`, signal);
    all.push(...page.parameters);
    next = page.next;
  }
  return all;
}

// `name`: of the experiment that is changed; without, a new one is made.
export function ExperimentForm({ name }: { name?: string }) {
  const answer = useData<{ parameters: Parameter[]; experiment?: Experiment }>(async (signal) => {
    const parameters = await allParameters(signal);
    if (name === undefined) return { parameters };
    const { experiment } = await api.get<{ experiment: Experiment }>(`/v1/experiments/${encodeURIComponent(name)}`, signal);
    return { parameters, experiment };
  }, [name]);
  return (
    <div class="stack">
      <h1>{name === undefined ? "Experiments: a new one" : `Experiments: change ${name}`}</h1>
      <Loaded answer={answer}>
        {({ parameters, experiment }) =>
          experiment?.state === "ended" ? (
            <p>
              It has ended, and stays as it is. <a href={href("experiments", experiment.name)}>Back to it</a>
            </p>
          ) : (
            <Form key={experiment?.version} parameters={parameters} stored={experiment} onReload={answer.reload} />
          )
        }
      </Loaded>
    </div>
  );
}

interface FormProps {
  parameters: Parameter[];
  stored?: Experiment;
  onReload: () => void;
}

function Form({ parameters, stored, onReload }: FormProps) {
  const [draft, setDraft] = useState<Draft>(() => (stored ? draftOf(stored) : emptyDraft()));
  const set = (change: Partial<Draft>) => {
    setDraft((old) => ({ ...old, ...change }));
    saving.edited();
  };

  const reading = readDraft(draft, parameters, stored);
  const complete = Object.keys(reading.problems).length + Object.keys(reading.missing).length === 0;
  const { name, ...members } = reading.body;
  const saving = useSaving({
    page: "experiments", stored, name: draft.name, isComplete: complete,
    change: members, creation: { ...withoutNulls(members), name },
  });
  const live = useLiveCheck(complete ? reading.body : null);
  const place = serverPlace(live.error, draft);
  const errorAt = (at: string): string | undefined =>
    reading.problems[at] ?? (saving.tried ? reading.missing[at] : undefined) ?? (place === at ? (live.error as Error).message : undefined);

  return (
    <form class="form-page" onSubmit={saving.save} noValidate>
      <div class="stack">
        <Basics draft={draft} stored={stored} errorAt={errorAt} set={set} />
        <Groups draft={draft} reading={reading} stored={stored} errorAt={errorAt} set={set} />
        <section class="panel stack" aria-labelledby="plan">
          <h2 id="plan">Plan</h2>
          <BranchEditor draft={draft} parameters={parameters} errorAt={errorAt} onChange={(branches) => set({ branches })} />
        </section>
        <When draft={draft} errorAt={errorAt} set={set} />
      </div>
      <div class="form-side stack">
        <section class="panel stack" aria-labelledby="proof">
          <h2 id="proof">Does it compete?</h2>
          <Proof live={live} reading={reading} placed={place !== undefined}
                 onRemedy={(condition) => set({ branches: draft.branches.map((branch) => ({ ...branch, when: narrowed(branch.when, condition) })) })} />
        </section>
        {saving.panel(onReload, "Save as a draft")}
      </div>
    </form>
  );
}

function withoutNulls(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}

// Where in the form the server found fault: "branches[1].when" is the second branch's condition.
function serverPlace(error: unknown, draft: Draft): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const branch = /^branches\[(\d+)\]\.when$/.exec(placeOf(error));
  // An attribute of two types: the server tells the place in the condition, and of one branch there is no doubt.
  const index = branch ? Number(branch[1]) : error.body.span && draft.branches.length === 1 ? 0 : -1;
  return draft.branches[index] && `branch ${draft.branches[index].key}`;
}

interface PartProps {
  draft: Draft;
  errorAt: (place: string) => string | undefined;
  set: (change: Partial<Draft>) => void;
}

function Basics({ draft, stored, errorAt, set }: PartProps & { stored?: Experiment }) {
  return (
    <section class="panel stack" aria-labelledby="basics">
      <h2 id="basics">What it is</h2>
      <div class="form-grid">
        {!stored && (
          <Field label="Name" error={errorAt("name")}>
            {(attributes) => <input {...attributes} value={draft.name} onInput={(event) => set({ name: event.currentTarget.value.trim() })} />}
          </Field>
        )}
        <Field label="Owner">
          {(attributes) => <input {...attributes} value={draft.owner} onInput={(event) => set({ owner: event.currentTarget.value })} />}
        </Field>
      </div>
      <Field label="Description">
        {(attributes) => <textarea {...attributes} rows={2} value={draft.description} onInput={(event) => set({ description: event.currentTarget.value })} />}
      </Field>
    </section>
  );
}

function Groups({ draft, reading, stored, errorAt, set }: PartProps & { reading: Reading; stored?: Experiment }) {
  const buckets = whole(draft.buckets) || 1;
  const fixed = stored !== undefined && stored.state !== "draft";
  return (
    <section class="panel stack" aria-labelledby="groups">
      <h2 id="groups">Groups</h2>
      {fixed ? (
        <p class="muted">Unit, buckets and groups stay: it has run. A group can be split, on its page.</p>
      ) : (
        <div class="form-grid">
          <Field label="Unit" error={errorAt("unit")} help="What is assigned: an attribute, or several with commas">
            {(attributes) => <input {...attributes} value={draft.unit} onInput={(event) => set({ unit: event.currentTarget.value })} />}
          </Field>
          <Field label="Buckets" error={errorAt("buckets")}>
            {(attributes) => <input {...attributes} inputMode="numeric" value={draft.buckets} onInput={(event) => set({ buckets: event.currentTarget.value })} />}
          </Field>
        </div>
      )}
      <GroupTree groups={reading.groups} buckets={buckets} marks={reading.marks} />
      {!fixed && (
        <>
          {draft.groups.length === 0 && errorAt("groups") && <p class="field-error">{errorAt("groups")}</p>}
          <GroupEditor groups={draft.groups} first={0} last={buckets - 1} errorAt={errorAt} onChange={(groups) => set({ groups })} />
        </>
      )}
    </section>
  );
}

function When({ draft, errorAt, set }: PartProps) {
  const change = (key: number, part: Partial<DraftWindow>) =>
    set({ schedule: draft.schedule.map((window) => (window.key === key ? { ...window, ...part } : window)) });
  return (
    <section class="panel stack" aria-labelledby="when">
      <h2 id="when">Rollout and schedule</h2>
      <div class="form-grid">
        <Field label="Rollout in percent" error={errorAt("rollout")}>
          {(attributes) => <input {...attributes} inputMode="decimal" value={draft.rollout} onInput={(event) => set({ rollout: event.currentTarget.value })} />}
        </Field>
        <Field label="At most, in percent" error={errorAt("max_rollout")} help="The proof holds up to it">
          {(attributes) => <input {...attributes} inputMode="decimal" value={draft.maxRollout} onInput={(event) => set({ maxRollout: event.currentTarget.value })} />}
        </Field>
      </div>
      {draft.schedule.length === 0 && <p class="muted">It runs at all times, while it is started.</p>}
      {draft.schedule.map((window, index) => (
        <fieldset key={window.key} class="stack">
          <legend>Window {index + 1}, in UTC</legend>
          <div class="form-grid">
            <Field label="Begin" error={errorAt(`window ${window.key}`)}>
              {(attributes) => <input {...attributes} type="datetime-local" step="1" value={window.begin} onInput={(event) => change(window.key, { begin: event.currentTarget.value })} />}
            </Field>
            <Field label="End">
              {(attributes) => <input {...attributes} type="datetime-local" step="1" value={window.end} onInput={(event) => change(window.key, { end: event.currentTarget.value })} />}
            </Field>
          </div>
          <div>
            <button type="button" class="button small" onClick={() => set({ schedule: draft.schedule.filter((each) => each !== window) })}>
              Remove window {index + 1}
            </button>
          </div>
        </fieldset>
      ))}
      <div>
        <button type="button" class="button small" onClick={() => set({ schedule: [...draft.schedule, { key: newKey(), begin: "", end: "" }] })}>
          Add a window of time
        </button>
      </div>
    </section>
  );
}

interface ProofProps {
  live: LiveCheck;
  reading: Reading;
  placed: boolean; // the error stands at a field
  onRemedy: (condition: string) => void;
}

function Proof({ live, reading, placed, onRemedy }: ProofProps) {
  const problems = Object.values(reading.problems).length;
  const missing = Object.values(reading.missing);
  const status = problems > 0 ? "Checked as soon as the fields that are marked are mended."
    : missing.length > 0 ? `Checked as soon as it is complete: ${missing[0]}.`
    : live.asking ? "Checking…"
    : placed ? "Checked as soon as the condition is mended."
    : live.error ? "" : "Checked as it would run, at its highest rollout.";
  return (
    <>
      <p class="muted" role="status">
        {status}
      </p>
      {live.error !== undefined && !placed && <ErrorBox error={live.error} />}
      {live.check && problems + missing.length === 0 && (
        <Verdict check={live.check} onRemedy={onRemedy} />
      )}
    </>
  );
}
