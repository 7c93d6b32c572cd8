// Steps of a program as a graph: a column for each level of what waits for what, lines where one uses what another made. Live: the caller
// renders it again as states change.
import { count, duration } from "../frame/format";
import type { StepState } from "../sql/program";
import { layOut, kNodeHeight, kNodeWidth } from "./layout";
import "./steps.css";

export interface GraphStep {
  step: number;
  title: string;
  dependsOn: { step: number; why: string }[];
}

const kSigns: Record<StepState["status"], string> = {
  waiting: "○",
  running: "▶",
  done: "✓",
  cached: "≡",
  failed: "✗",
  skipped: "–",
  cancelled: "■",
};

interface StepGraphProps {
  steps: GraphStep[];
  states: Map<number, StepState>;
  onPick?: (step: number) => void;
}

export function StepGraph({ steps, states, onPick }: StepGraphProps) {
  const { places, edges, width, height } = layOut(steps);
  return (
    <div class="graph-frame" tabIndex={0} role="region" aria-label="Graph of the steps">
      <div class="graph" style={{ width: `${width}px`, height: `${height}px` }}>
        <svg width={width} height={height} aria-hidden="true">
          {edges.map((edge) => (
            <path key={edge.key} d={edge.path} class={`graph-edge ${states.get(edge.to)?.status ?? "waiting"}`} />
          ))}
        </svg>
        <ol class="graph-nodes" aria-label="Steps">
          {steps.map((step) => {
            const place = places.get(step.step)!;
            return (
              <li key={step.step} style={{ left: `${place.x}px`, top: `${place.y}px`, width: `${kNodeWidth}px`, height: `${kNodeHeight}px` }}>
                <Node step={step} state={states.get(step.step) ?? { status: "waiting" }} onPick={onPick} />
              </li>
            );
          })}
        </ol>
      </div>
    </div>
  );
}

function Node({ step, state, onPick }: { step: GraphStep; state: StepState; onPick?: (step: number) => void }) {
  const { progress } = state;
  const waits = step.dependsOn.map((one) => `${one.step} (${one.why})`).join(", ");
  const facts = [state.status === "cached" ? "unchanged" : state.status];
  if (state.seconds !== undefined && state.status !== "cached") facts.push(duration(state.seconds));
  const rows = state.status === "running" ? (progress?.rows ?? -1) : (state.rows ?? -1);
  if (rows >= 0) facts.push(`${count(rows)} ${rows === 1 ? "row" : "rows"}`);
  if (progress && progress.rows_per_second > 0) facts.push(`${count(Math.round(progress.rows_per_second))} rows/s`);
  const fraction = progress?.fraction ?? -1;
  return (
    <button
      type="button"
      class={`graph-node ${state.status}`}
      title={`${step.title}${waits ? `\nwaits for ${waits}` : ""}${progress?.note ? `\n${progress.note}` : ""}`}
      disabled={!onPick}
      onClick={() => onPick?.(step.step)}
    >
      <span class="graph-title">
        <span aria-hidden="true" class="graph-sign">
          {kSigns[state.status]}
        </span>
        {step.step} {step.title}
      </span>
      <span class="graph-facts">
        {facts.join(" · ")}
        {progress?.stage ? ` · ${progress.stage}` : ""}
      </span>
      {state.status === "running" && (
        <progress aria-label={`Step ${step.step}`} max={1} value={fraction >= 0 ? fraction : undefined} />
      )}
    </button>
  );
}
