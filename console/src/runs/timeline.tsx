// The steps of a run as bars over its time.
import { duration } from "../frame/format";
import { titleOf, type RunStep } from "./run_view";

export function Timeline({ steps }: { steps: RunStep[] }) {
  const begins = steps.map((step) => Date.parse(step.started) / 1000);
  const begin = Math.min(...begins);
  const whole = Math.max(...steps.map((step, i) => begins[i]! + step.seconds - begin), 1e-6);
  return (
    <ol class="timeline panel" aria-label="Steps in time">
      {steps.map((step, i) => {
        const from = begins[i]! - begin;
        return (
          <li key={step.step}>
            <span class="timeline-title">
              {step.step} {titleOf(step)}
            </span>
            <span class="timeline-track" aria-hidden="true">
              <span
                class={`timeline-bar ${step.status}`}
                style={{ left: `${(from / whole) * 100}%`, width: `${(step.seconds / whole) * 100}%` }}
              />
            </span>
            <span class="number small">{step.status === "cached" ? "unchanged" : duration(step.seconds)}</span>
          </li>
        );
      })}
    </ol>
  );
}
