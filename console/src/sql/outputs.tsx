// What a program has put out: results, messages, problems and pictures, in the order of the program, under the step they are of.
import type { ComponentChildren } from "preact";
import { Badge, StateBadge } from "../components/badge";
import { Picture, pictureTitle } from "../components/picture";
import { count, duration } from "../frame/format";
import { kMostRows, type Output, type Problem, type Program } from "./program";
import { ResultGrid } from "./result_grid";

interface OutputsProps {
  program: Program;
  isRunning: boolean;
  onGoTo: (problem: Problem) => void;
}

export function Outputs({ program, isRunning, onGoTo }: OutputsProps) {
  // Pictures come at the end and belong to the steps before; the others are in order already.
  const groups: { step: number | undefined; outputs: Output[] }[] = [];
  for (const output of program.outputs) {
    // That a step was unchanged is what the graph says; its message speaks of the command line.
    if (output.kind === "message" && output.step && program.steps.get(output.step)?.status === "cached") continue;
    const own = output.kind === "picture" ? groups.find((group) => group.step === output.step) : groups.at(-1);
    if (own && own.step === output.step) own.outputs.push(output);
    else groups.push({ step: output.step, outputs: [output] });
  }
  let results = 0;
  return (
    <div class="stack">
      {program.isBehind && isRunning && (
        <p class="panel">More comes than can be followed: the output is shown when the program has ended.</p>
      )}
      {program.droppedRows > 0 && (
        <p class="panel">
          The first {count(kMostRows)} rows are shown; {count(program.droppedRows)} more are not. LIMIT, or the command line's --format csv,
          gives what is needed.
        </p>
      )}
      {program.info?.output_truncated && <p class="panel">The server keeps the first 8 MiB of a program's output: more is not shown.</p>}
      {groups.map((group, i) => (
        <section
          key={i}
          class={`stack output ${group.outputs.every((one) => one.kind === "problem") ? "" : "panel"}`}
          id={group.step === undefined ? undefined : `step-${group.step}`}
          tabIndex={-1}
        >
          {group.step !== undefined && <StepHead program={program} step={group.step} />}
          {group.outputs.map((output, j) => (
            <OutputView
              key={j}
              output={output}
              isRunning={isRunning}
              onGoTo={onGoTo}
              name={output.kind === "result" ? `result-${++results}` : ""}
            />
          ))}
          <Pictures program={program} outputs={group.outputs} />
        </section>
      ))}
    </div>
  );
}

function StepHead({ program, step }: { program: Program; step: number }) {
  const planned = program.plan?.steps.find((one) => one.step === step);
  const state = program.steps.get(step);
  if (!planned || program.plan!.steps.length < 2) return null;
  return (
    <h2 class="row">
      <span class="muted">{step}</span> {planned.title}
      {state && <StateBadge state={state.status === "cached" ? "unchanged" : state.status} />}
      {state?.seconds !== undefined && state.status !== "cached" && <span class="muted small">{duration(state.seconds)}</span>}
    </h2>
  );
}

function Pictures({ program, outputs }: { program: Program; outputs: Output[] }) {
  const pictures = outputs.filter((output) => output.kind === "picture");
  const run = program.info?.run; // comes with the end of the program
  if (!run || pictures.length === 0) return null;
  return (
    <div class="pictures">
      {pictures.map(({ file }) => (
        <Picture key={file} path={`/v1/runs/${run}/pictures/${encodeURIComponent(file)}`} title={pictureTitle(file)} />
      ))}
    </div>
  );
}

interface OutputViewProps {
  output: Output;
  isRunning: boolean;
  name: string;
  onGoTo: (problem: Problem) => void;
}

function OutputView({ output, isRunning, name, onGoTo }: OutputViewProps): ComponentChildren {
  switch (output.kind) {
    case "result":
      return <ResultGrid result={output} name={name} isRunning={isRunning} />;
    case "message":
      return <pre class="message">{output.text}</pre>;
    case "problem":
      return <ProblemView problem={output.problem} onGoTo={onGoTo} />;
    case "picture":
      return null; // together, below the others
  }
}

export function ProblemView({ problem, onGoTo }: { problem: Problem; onGoTo: (problem: Problem) => void }) {
  return (
    <div class={`problem ${problem.severity}`}>
      <p>
        <Badge tone={problem.severity === "error" ? "bad" : "warn"}>
          {problem.severity}: {problem.code}
        </Badge>{" "}
        {problem.message}
      </p>
      {problem.context && <p class="muted small">{problem.context}</p>}
      {problem.hint && <p>Hint: {problem.hint}</p>}
      {problem.line && (
        <button class="button small" onClick={() => onGoTo(problem)}>
          Line {problem.line}, column {problem.column}
        </button>
      )}
    </div>
  );
}
