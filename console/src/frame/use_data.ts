// useData: what a page shows of the server, with its loading and its error.
//
//     const { data, error, reload } = useData(() => api.get<Models>("/v1/models"), []);
//
// The loader gets a signal that aborts when the inputs change or the page goes; a late answer is dropped.
import { useCallback, useEffect, useState } from "preact/hooks";

export interface Data<T> {
  data: T | undefined; // of the last success, also while it is loaded again
  error: unknown;
  loading: boolean;
  reload: () => void;
}

export function useData<T>(load: (signal: AbortSignal) => Promise<T>, inputs: unknown[]): Data<T> {
  const [state, setState] = useState<{ data?: T; error?: unknown; loading: boolean }>({ loading: true });
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((n) => n + 1), []);
  useEffect(() => {
    const abort = new AbortController();
    setState((old) => ({ data: round === 0 ? undefined : old.data, loading: true }));
    load(abort.signal).then(
      (data) => !abort.signal.aborted && setState({ data, loading: false }),
      (error: unknown) => !abort.signal.aborted && setState((old) => ({ ...old, error, loading: false })),
    );
    return () => abort.abort();
  }, [...inputs, round]);
  return { data: state.data, error: state.error, loading: state.loading, reload };
}
