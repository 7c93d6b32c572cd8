// Short notices at the corner of the page: toast("saved"), toastError(error). They go by themselves, errors stay until dismissed.
import { ApiError } from "./api";
import { Store, useStore } from "./store";

interface Toast {
  key: number;
  text: string;
  tone: "info" | "good" | "bad";
}

const toasts = new Store<Toast[]>([]);
let nextKey = 0;

function dismiss(key: number): void {
  toasts.set(toasts.value.filter((toast) => toast.key !== key));
}

export function toast(text: string, tone: Toast["tone"] = "good"): void {
  const key = nextKey++;
  toasts.set([...toasts.value, { key, text, tone }]);
  if (tone !== "bad") setTimeout(() => dismiss(key), 6000);
}

export function toastError(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof ApiError && error.hint ? ` — ${error.hint}` : "";
  toast(message + hint, "bad");
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {useStore(toasts).map((one) => (
        <div key={one.key} class={`toast ${one.tone}`}>
          <span>{one.text}</span>
          <button class="button quiet small" aria-label="Dismiss" onClick={() => dismiss(one.key)}>
            ×
          </button>
        </div>
      ))}
    </div>
  );
}
