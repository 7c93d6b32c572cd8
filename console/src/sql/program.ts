// A program of the server as the SQL page follows it: its state, its plan, its steps as they go, and what it has put out so far. Fed with
// the events of /v1/programs/{id}/events. No DOM.
import type { ServerEvent } from "../frame/events";
import { parseExact } from "./exact_json";

export type ProgramState = "queued" | "running" | "done" | "failed" | "wrong" | "cancelled" | "interrupted";

export interface ProgramInfo {
  id: string;
  name: string;
  state: ProgramState;
  submitted: string;
  started: string | null;
  ended: string | null;
  run: string | null;
  output_truncated: boolean;
}

export interface PlannedStep {
  step: number; // from 1
  kind: string;
  title: string;
  reads: string[];
  writes: string[];
  depends_on: { step: number; hazard: string; object?: string }[];
  cached: boolean;
  barrier?: string;
}

// An error or a warning. Offset and length are bytes of the program; null where there is no place.
export interface Problem {
  severity: "error" | "warning";
  code: string;
  message: string;
  hint: string;
  context?: string | null;
  line?: number | null;
  column?: number | null;
  offset?: number | null;
  length?: number | null;
}

export interface Plan {
  program: string;
  ok: boolean;
  steps: PlannedStep[];
  diagnostics: Problem[];
}

export interface StepState {
  status: "waiting" | "running" | "done" | "cached" | "failed" | "skipped" | "cancelled";
  seconds?: number;
  rows?: number;
  progress?: Progress;
}

export interface Progress {
  step: number;
  title: string;
  stage: string;
  fraction: number; // -1 = not known, as the next two
  rows: number;
  rows_per_second: number;
  note: string;
  left: number | null; // seconds
}

export interface ResultColumn {
  name: string;
  type: string;
}

interface OfStep {
  step?: number; // known when the step has ended
}
export interface ResultOutput extends OfStep {
  kind: "result";
  title: string;
  columns: ResultColumn[];
  rows: unknown[][]; // the first ones
  total?: number; // known when the result is complete
}
export interface MessageOutput extends OfStep {
  kind: "message";
  text: string;
}
export interface ProblemOutput extends OfStep {
  kind: "problem";
  problem: Problem;
}
export interface PictureOutput extends OfStep {
  kind: "picture";
  file: string;
}
export type Output = ResultOutput | MessageOutput | ProblemOutput | PictureOutput;

export const kMostRows = 100_000; // of all results of a program

export function isOver(state: ProgramState): boolean {
  return state !== "queued" && state !== "running";
}

export class Program {
  info: ProgramInfo | null = null;
  plan: Plan | null = null;
  steps = new Map<number, StepState>();
  outputs: Output[] = [];
  droppedRows = 0;
  // The server keeps no more what this program has put out between: it is fetched again when it has ended.
  isBehind = false;

  #rows = 0;
  #result: ResultOutput | null = null;

  take(event: ServerEvent): void {
    if (event.name === "state") this.info = JSON.parse(event.data);
    else if (event.name === "plan") this.takePlan(JSON.parse(event.data));
    else if (event.name === "step") this.takeStep(JSON.parse(event.data));
    else if (event.name === "refetch") this.isBehind = true;
    else if (event.name === "output") for (const line of event.data.split("\n")) this.takeLine(parseExact(line));
  }

  takePlan(plan: Plan): void {
    this.plan = plan;
    for (const step of plan.steps) if (!this.steps.has(step.step)) this.steps.set(step.step, { status: "waiting" });
  }

  takeStep(step: StepState & { step: number }): void {
    const known = this.steps.get(step.step);
    const progress = step.status === "running" ? known?.progress : undefined;
    this.steps.set(step.step, { status: step.status, seconds: step.seconds, rows: step.rows, progress });
  }

  // All that a program has put out, in place of what is here.
  replaceOutput(lines: unknown[]): void {
    this.outputs = [];
    this.#rows = this.droppedRows = 0;
    this.#result = null;
    this.isBehind = false;
    for (const line of lines) this.takeLine(line);
  }

  takeLine(line: unknown): void {
    if (Array.isArray(line)) return this.#takeRow(line);
    const event = line as Record<string, any>;
    if (event.event === "progress") {
      const step = this.steps.get(event.step);
      if (step?.status === "running") this.steps.set(event.step, { ...step, progress: event as Progress });
      return;
    }
    if (this.isBehind) return;
    switch (event.event) {
      case "result":
        this.#result = { kind: "result", title: event.title, columns: event.columns, rows: [] };
        this.outputs.push(this.#result);
        break;
      case "end":
        if (this.#result) this.#result.total = event.rows;
        break;
      case "step":
        // What came before it and has no step yet is its own: outputs come in the order of the program.
        for (let i = this.outputs.length - 1; i >= 0 && this.outputs[i]!.step === undefined; --i) {
          if (this.outputs[i]!.kind !== "problem") this.outputs[i]!.step = event.step;
        }
        break;
      case "message":
        this.outputs.push({ kind: "message", step: event.step, text: event.text });
        break;
      case "pictures":
        event.files.forEach((file: string, i: number) =>
          this.outputs.push({ kind: "picture", file, step: event.steps?.[i] ?? undefined }),
        );
        break;
      default:
        if (event.severity) this.outputs.push({ kind: "problem", problem: event as Problem });
    }
  }

  #takeRow(row: unknown[]): void {
    if (this.isBehind || !this.#result) return;
    if (this.#rows < kMostRows) {
      this.#result.rows.push(row);
      ++this.#rows;
    } else {
      ++this.droppedRows;
    }
  }
}

// Where a byte offset of UTF-8 stands in a JavaScript string.
export function positionOf(text: string, offset: number): number {
  if (offset <= 0) return 0;
  let bytes = 0;
  for (let i = 0; i < text.length; ) {
    const code = text.codePointAt(i)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    i += code < 0x10000 ? 1 : 2;
    if (bytes >= offset) return i;
  }
  return text.length;
}
