import type { ComponentChildren } from "preact";

export type Tone = "plain" | "good" | "bad" | "warn" | "info";

export function Badge({ tone = "plain", children }: { tone?: Tone; children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

// States of programs, runs, steps and experiments.
const kTones: Record<string, Tone> = {
  done: "good",
  failed: "bad",
  wrong: "bad",
  killed: "bad",
  cancelled: "warn",
  skipped: "warn",
  running: "info",
  paused: "warn",
};

export function StateBadge({ state }: { state: string }) {
  return <Badge tone={kTones[state] ?? "plain"}>{state}</Badge>;
}
