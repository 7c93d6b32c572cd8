// One run: its steps in time and as a graph, what each read and wrote, its pictures, its program.
import { StateBadge } from "../components/badge";
import { ObjectName } from "../components/lineage";
import { Loaded } from "../components/loaded";
import { Picture, pictureTitle } from "../components/picture";
import { Properties } from "../components/properties";
import { Section } from "../components/section";
import { api } from "../frame/api";
import { bytes, count, duration, time } from "../frame/format";
import { href } from "../frame/router";
import { useData } from "../frame/use_data";
import type { StepState } from "../sql/program";
import { StepGraph, type GraphStep } from "../steps/step_graph";
import { Timeline } from "./timeline";
import "./runs.css";

export interface RunSummary {
  id: string;
  name: string; // of the program
  started: string;
  seconds: number | null; // null: it runs, or was killed
  status: string;
}

interface ObjectRef {
  kind: string;
  name: string;
  version: number;
}

export interface RunStep {
  step: number;
  kind: string;
  statement: string;
  status: StepState["status"];
  started: string;
  seconds: number;
  rows_read: number; // -1: not counted, as the next
  rows_written: number;
  peak_memory_bytes: number;
  error: string;
  details: { messages?: string[]; stages?: { stage: string; seconds: number }[] } | null;
  reads: ObjectRef[];
  writes: ObjectRef[];
  barrier: string | null;
}

interface Run extends RunSummary {
  program: string;
  steps: RunStep[];
  pictures: string[];
}

// "CREATE TABLE AS main.june": a record keeps no title.
export function titleOf(step: RunStep): string {
  const target = step.writes[0];
  return target ? `${step.kind} ${target.name.replace(/^main\./, "")}` : step.kind;
}

// What a step used of earlier ones: the latest that wrote what it read. Barriers stand between all.
function graphOf(steps: RunStep[]): GraphStep[] {
  const writers = new Map<string, number>();
  let barrier: number | undefined;
  return steps.map((step) => {
    const dependsOn = new Map<number, string>();
    if (barrier !== undefined) dependsOn.set(barrier, "barrier");
    for (const ref of [...step.reads, ...step.writes]) {
      const writer = writers.get(`${ref.kind} ${ref.name}`);
      if (writer !== undefined) dependsOn.set(writer, `${ref.kind} ${ref.name}`);
    }
    for (const ref of step.writes) writers.set(`${ref.kind} ${ref.name}`, step.step);
    if (step.barrier) barrier = step.step;
    return { step: step.step, title: titleOf(step), dependsOn: [...dependsOn].map(([of, why]) => ({ step: of, why })) };
  });
}

export function RunView({ id }: { id: string }) {
  const answer = useData((signal) => api.get<Run>(`/v1/runs/${encodeURIComponent(id)}`, signal), [id]);
  return (
    <div class="stack">
      <div class="page-head">
        <div>
          <a href={href("runs")}>Runs</a>
          <h1>Run {id}</h1>
        </div>
        <button class="button small" onClick={answer.reload}>
          Refresh
        </button>
      </div>
      <Loaded answer={answer}>{(run) => <Shown run={run} />}</Loaded>
    </div>
  );
}

function Shown({ run }: { run: Run }) {
  const states = new Map<number, StepState>(
    run.steps.map((step) => [
      step.step,
      { status: step.status, seconds: step.seconds, rows: step.rows_written >= 0 ? step.rows_written : step.rows_read },
    ]),
  );
  const pick = (step: number) => document.getElementById(`step-${step}`)?.focus();
  return (
    <>
      <div class="panel">
        <Properties
          items={[
            ["State", <StateBadge state={run.status} />],
            ["Program", run.name],
            ["Started", time(run.started)],
            ["Took", run.seconds !== null && duration(run.seconds)],
            ["Steps", String(run.steps.length)],
          ]}
        />
      </div>
      {run.steps.length > 1 && (
        <Section title="Time">
          <Timeline steps={run.steps} />
        </Section>
      )}
      {run.steps.length > 1 && (
        <Section title="Graph">
          <StepGraph steps={graphOf(run.steps)} states={states} onPick={pick} />
        </Section>
      )}
      <Section title="Steps">
        {run.steps.map((step) => (
          <StepCard key={step.step} step={step} />
        ))}
      </Section>
      {run.pictures.length > 0 && (
        <Section title="Pictures">
          <div class="pictures panel">
            {run.pictures.map((file) => (
              <Picture key={file} path={`/v1/runs/${run.id}/pictures/${encodeURIComponent(file)}`} title={pictureTitle(file)} />
            ))}
          </div>
        </Section>
      )}
      <Section title="Program">
        <pre class="panel">{run.program}</pre>
      </Section>
    </>
  );
}

function Objects({ refs }: { refs: ObjectRef[] }) {
  return (
    <ul class="objects">
      {refs.map((ref) => (
        <li key={`${ref.kind} ${ref.name}`}>
          <ObjectName {...ref} />
        </li>
      ))}
    </ul>
  );
}

function StepCard({ step }: { step: RunStep }) {
  const stages = step.details?.stages ?? [];
  return (
    <article class="panel stack step-card" id={`step-${step.step}`} tabIndex={-1}>
      <h3 class="row">
        <span class="muted">{step.step}</span> {titleOf(step)}
        <StateBadge state={step.status === "cached" ? "unchanged" : step.status} />
      </h3>
      {step.error && <p class="error-box">{step.error}</p>}
      {step.details?.messages?.map((message, i) => <p key={i}>{message}</p>)}
      <pre class="statement">{step.statement}</pre>
      <Properties
        items={[
          ["Took", step.status !== "cached" && step.status !== "skipped" && duration(step.seconds)],
          ["Stages", stages.map((stage) => `${stage.stage} ${duration(stage.seconds)}`).join(", ")],
          ["Rows read", step.rows_read >= 0 && count(step.rows_read)],
          ["Rows written", step.rows_written >= 0 && count(step.rows_written)],
          ["Most memory of the process", step.peak_memory_bytes > 0 && bytes(step.peak_memory_bytes)],
          ["Reads", step.reads.length > 0 && <Objects refs={step.reads} />],
          ["Writes", step.writes.length > 0 && <Objects refs={step.writes} />],
          ["Runs alone", step.barrier],
        ]}
      />
    </article>
  );
}
