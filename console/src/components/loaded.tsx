import type { ComponentChildren } from "preact";
import type { Data } from "../frame/use_data";
import { ErrorBox } from "./error_box";

// What is shown of an answer: why there is none, that it is on its way, or what `children` makes of it.
export function Loaded<T>({ answer, children }: { answer: Data<T>; children: (data: T) => ComponentChildren }) {
  if (answer.error) return <ErrorBox error={answer.error} onRetry={answer.reload} />;
  if (!answer.data) return <p class="loading">Loading…</p>;
  return <>{children(answer.data)}</>;
}
