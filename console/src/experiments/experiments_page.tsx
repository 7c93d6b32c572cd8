// Experiments: the list, and one with its groups, plan, proof, rollout, state and history.
import { useState } from "preact/hooks";
import { Badge, StateBadge } from "../components/badge";
import { ErrorBox } from "../components/error_box";
import { Field } from "../components/field";
import { api } from "../frame/api";
import { count } from "../frame/format";
import { href } from "../frame/router";
import { mayEdit, session } from "../frame/session";
import { useStore } from "../frame/store";
import { useData } from "../frame/use_data";
import type { PageProps } from "../pages";
import { Act, type Action } from "./act";
import "./experiments.css";
import { ExperimentForm } from "./experiment_form";
import { GroupTree } from "./group_tree";
import { History } from "./history";
import { allGroups, percent, valueText, type Check, type Experiment, type Stale, type State } from "./model";
import { kMostListed, ObjectList } from "./object_list";
import { SplitGroup, splittable } from "./split_group";
import { Verdict } from "./verdict";

const kStates: State[] = ["draft", "running", "paused", "ended"];

export default function ExperimentsPage({ rest, query }: PageProps) {
  const [name, what] = rest;
  if (!name && query.has("new")) return <ExperimentForm />;
  if (name && what === "edit") return <ExperimentForm key={name} name={name} />;
  return name ? <One key={name} name={name} /> : <List />;
}

const kRisks: Stale["risk"][] = ["low", "medium", "high"];
const kRiskTones = { low: "plain", medium: "warn", high: "bad" } as const;

function List() {
  const [search, setSearch] = useState("");
  const [state, setState] = useState("");
  const [onlyStale, setOnlyStale] = useState(false);
  const listed = useData(
    (signal) => {
      const query = new URLSearchParams({ limit: String(kMostListed), search, ...(state && { state }) });
      return api.get<{ experiments: Experiment[]; total: number }>(`/v1/experiments?${query}`, signal);
    },
    [search, state],
  );
  const stale = useData(
    async (signal) => {
      const answer = await api.get<{ stale: Stale[] }>("/v1/configuration/stale", signal);
      return new Map(answer.stale.map((one) => [one.experiment, one]));
    },
    [],
  );
  const rows = listed.data?.experiments.filter((each) => !onlyStale || stale.data?.has(each.name));
  const answer = {
    data: rows && stale.data && { rows, total: listed.data!.total },
    error: listed.error ?? stale.error,
    loading: listed.loading || stale.loading,
    reload: () => {
      listed.reload();
      stale.reload();
    },
  };
  return (
    <ObjectList
      page="experiments"
      one="experiment"
      answer={answer}
      search={search}
      onSearch={setSearch}
      filters={
        <>
          <Field label="State">
            {(attributes) => (
              <select {...attributes} value={state} onChange={(event) => setState(event.currentTarget.value)}>
                <option value="">all</option>
                {kStates.map((each) => (
                  <option key={each}>{each}</option>
                ))}
              </select>
            )}
          </Field>
          <label class="check">
            <input type="checkbox" checked={onlyStale} onChange={(event) => setOnlyStale(event.currentTarget.checked)} />
            Only what could go{stale.data ? ` (${stale.data.size})` : ""}
          </label>
        </>
      }
      columns={[
        { title: "State", cell: (each) => <StateBadge state={each.state} />, sort: (each) => kStates.indexOf(each.state) },
        {
          title: "Could it go?",
          cell: (each) => <StaleCell stale={stale.data?.get(each.name)} />,
          sort: (each) => kRisks.indexOf(stale.data?.get(each.name)?.risk ?? "low") + (stale.data?.has(each.name) ? 1 : 0),
        },
        { title: "Rollout", cell: (each) => percent(each.rollout), number: true, sort: (each) => each.rollout },
        { title: "Parameters", cell: (each) => each.parameters.join(", ") },
      ]}
    />
  );
}

function StaleCell({ stale }: { stale: Stale | undefined }) {
  if (!stale) return null;
  return (
    <div class="stale">
      <p>
        <Badge tone={kRiskTones[stale.risk]}>{stale.risk} risk</Badge> {stale.reasons.join("; ")}
      </p>
      {stale.todo && <code class="small">{stale.todo}</code>}
    </div>
  );
}

function One({ name }: { name: string }) {
  const [round, setRound] = useState(0);
  const { data, error, reload } = useData(
    (signal) => api.get<{ experiment: Experiment; check: Check | null }>(`/v1/experiments/${encodeURIComponent(name)}`, signal),
    [name],
  );
  const changed = () => {
    reload();
    setRound((old) => old + 1);
  };
  if (error && !data) return <Unknown name={name} error={error} onRetry={reload} />;
  if (!data) return <p class="loading">Loading…</p>;
  const { experiment, check } = data;
  return (
    <div class="stack">
      <div class="page-head">
        <div class="row">
          <h1>Experiments: {experiment.name}</h1>
          <StateBadge state={experiment.state} />
        </div>
        <Actions experiment={experiment} onChanged={changed} />
      </div>
      {experiment.description && <p>{experiment.description}</p>}
      <dl class="facts">
        <Fact title="Unit" value={experiment.unit.join(", ")} />
        <Fact title="Buckets" value={`${count(experiment.buckets)} (${experiment.hash}, salt ${experiment.salt})`} />
        <Fact title="Epoch" value={String(experiment.epoch)} />
        <Fact title="Schedule" value={scheduleText(experiment)} />
        <Fact title="Owner" value={experiment.owner ?? "nobody"} />
      </dl>
      <section class="panel stack" aria-labelledby="groups">
        <h2 id="groups">Groups</h2>
        <GroupTree groups={experiment.groups} buckets={experiment.buckets} />
      </section>
      <section class="panel stack" aria-labelledby="plan">
        <h2 id="plan">Plan</h2>
        <Plan experiment={experiment} />
      </section>
      <Rollout key={experiment.version} experiment={experiment} onChanged={changed} />
      {check && (
        <section class="panel stack" aria-labelledby="proof">
          <h2 id="proof">Does it compete?</h2>
          <Verdict check={check} />
        </section>
      )}
      <section class="panel stack" aria-labelledby="history">
        <h2 id="history">History</h2>
        <History object={`experiment ${name}`} round={round} />
      </section>
    </div>
  );
}

function Unknown({ name, error, onRetry }: { name: string; error: unknown; onRetry: () => void }) {
  return (
    <div class="stack">
      <h1>Experiments: {name}</h1>
      <ErrorBox error={error} onRetry={onRetry} />
    </div>
  );
}

function Fact({ title, value }: { title: string; value: string }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function scheduleText(experiment: Experiment): string {
  if (!experiment.schedule?.length) return "always";
  return experiment.schedule.map((window) => `${window.begin ?? "…"} to ${window.end ?? "…"}`).join(", ");
}

function Plan({ experiment }: { experiment: Experiment }) {
  return (
    <ol class="plan">
      {experiment.branches.map((branch, index) => (
        <li key={index}>
          <p>
            When <code>{branch.when}</code>
          </p>
          {Object.entries(branch.set).map(([parameter, values]) => (
            <p key={parameter}>
              <a href={href("parameters", parameter)}>{parameter}</a>:{" "}
              {Object.entries(values)
                .map(([group, value]) => `${group} ${valueText(value)}`)
                .join(", ")}
            </p>
          ))}
        </li>
      ))}
    </ol>
  );
}

function Rollout({ experiment, onChanged }: { experiment: Experiment; onChanged: () => void }) {
  const [wanted, setWanted] = useState(experiment.rollout);
  const [action, setAction] = useState<Action | null>(null);
  const editable = mayEdit(useStore(session)) && experiment.state !== "ended";
  const grows = wanted >= experiment.rollout;
  const meaning =
    wanted === experiment.rollout
      ? `${percent(wanted)} of the units that its conditions hold for are in it.`
      : grows
        ? `Lets in ${percent(wanted - experiment.rollout)} of the units more. Who is in it already stays in the same group.`
        : `Takes out ${percent(experiment.rollout - wanted)} of the units: they see the default again. Nobody changes groups.`;
  return (
    <section class="panel stack" aria-labelledby="rollout">
      <h2 id="rollout">Rollout</h2>
      <p>
        Now {percent(experiment.rollout)}, at most {percent(experiment.max_rollout)}.
      </p>
      {editable && (
        <div class="rollout">
          <input type="range" min="0" max={experiment.max_rollout} step="0.1" value={wanted} aria-label="New rollout"
                 aria-valuetext={percent(wanted)} onInput={(event) => setWanted(Number(event.currentTarget.value))} />
          <input type="number" min="0" max={experiment.max_rollout} step="0.0001" value={wanted} aria-label="New rollout in percent"
                 onInput={(event) => setWanted(Number(event.currentTarget.value))} />
          <button class="button primary" disabled={wanted === experiment.rollout}
                  onClick={() => setAction({ title: `Rollout of ${experiment.name}`, button: `Set it to ${percent(wanted)}`, method: "PATCH",
                                             path: `/v1/experiments/${encodeURIComponent(experiment.name)}`, body: { rollout: wanted },
                                             explain: <p>{meaning}</p> })}>
            Change the rollout
          </button>
        </div>
      )}
      <p aria-live="polite">{meaning}</p>
      {action && <Act action={action} version={experiment.version} onClose={() => setAction(null)}
                      onDone={() => { setAction(null); onChanged(); }} />}
    </section>
  );
}

function Actions({ experiment, onChanged }: { experiment: Experiment; onChanged: () => void }) {
  const [action, setAction] = useState<Action | null>(null);
  const [open, setOpen] = useState<"end" | "split" | null>(null);
  if (!mayEdit(useStore(session)) || experiment.state === "ended") return null;
  const path = `/v1/experiments/${encodeURIComponent(experiment.name)}`;
  const { name, state } = experiment;
  const start: Action = { title: `Start ${name}`, button: "Start it", method: "POST", path: `${path}/start`,
    explain: <p>It assigns units from now on. It is refused where it could compete with another.</p> };
  const pause: Action = { title: `Pause ${name}`, button: "Pause it", method: "POST", path: `${path}/pause`,
    explain: <p>Everybody sees the default. It keeps its place, and can be started again at any time.</p> };
  const drop: Action = { title: `Drop ${name}`, button: "Drop it", method: "DELETE", path, danger: true,
    explain: <p>The draft is gone. It has never run.</p> };
  const done = () => {
    setAction(null);
    setOpen(null);
    onChanged();
  };
  return (
    <div class="row">
      {(state === "draft" || state === "paused") && <button class="button primary" onClick={() => setAction(start)}>Start</button>}
      {state === "running" && <button class="button" onClick={() => setAction(pause)}>Pause</button>}
      {state === "draft" && <button class="button" onClick={() => setAction(drop)}>Drop</button>}
      <a class="button" href={href("experiments", name, "edit")}>
        Edit
      </a>
      {state !== "draft" && (
        <>
          {splittable(experiment).length > 0 && <button class="button" onClick={() => setOpen("split")}>Split a group</button>}
          <button class="button" onClick={() => setOpen("end")}>End</button>
        </>
      )}
      {action && <Act action={action} version={experiment.version} onClose={() => setAction(null)} onDone={done} />}
      {open === "end" && <End experiment={experiment} onClose={() => setOpen(null)} onDone={done} />}
      {open === "split" && <SplitGroup experiment={experiment} onClose={() => setOpen(null)} onDone={done} />}
    </div>
  );
}

function End({ experiment, onDone, onClose }: { experiment: Experiment; onDone: () => void; onClose: () => void }) {
  const [winner, setWinner] = useState("");
  const [audience, setAudience] = useState(false);
  return (
    <Act version={experiment.version} onDone={onDone} onClose={onClose}
         action={{
           title: `End ${experiment.name}`, button: "End it", method: "POST", danger: true,
           path: `/v1/experiments/${encodeURIComponent(experiment.name)}/end`,
           body: winner ? { ship: winner, to_audience: audience } : {},
           explain: (
             <div class="stack">
               <Field label="Ship">
                 {(attributes) => (
                   <select {...attributes} value={winner} onChange={(event) => setWinner(event.currentTarget.value)}>
                     <option value="">nothing</option>
                     {allGroups(experiment.groups).map((group) => (
                       <option key={group.name}>{group.name}</option>
                     ))}
                   </select>
                 )}
               </Field>
               {winner && (
                 <label class="check">
                   <input type="checkbox" checked={audience} onChange={(event) => setAudience(event.currentTarget.checked)} />
                   only to those whom its conditions hold for
                 </label>
               )}
               <p aria-live="polite">
                 {!winner ? "Everybody sees the default."
                   : audience ? `Rules give the values of ${winner} to all whom its conditions hold for, in the same version that ends the experiment.`
                   : `The values of ${winner} become everybody's defaults, in the same version that ends the experiment.`}{" "}
                 It cannot be started again.
               </p>
             </div>
           ),
         }} />
  );
}
