// What the server says of a definition while it is typed: asked when typing pauses; a question that is out of date is given up.
import { useEffect, useState } from "preact/hooks";
import { api } from "../frame/api";
import type { Body } from "./draft";
import type { Check } from "./model";

const kPauseMs = 300;

export interface LiveCheck {
  asking: boolean;
  check?: Check; // of the last definition that could be checked
  error?: unknown; // the definition is wrong, or the server was not reached
}

// `body` nothing: it cannot be checked yet.
export function useLiveCheck(body: Body | null): LiveCheck {
  const [live, setLive] = useState<LiveCheck>({ asking: false });
  const text = body && JSON.stringify(body);
  useEffect(() => {
    setLive(({ check }) => ({ check, asking: text !== null }));
    if (text === null) return;
    const abort = new AbortController();
    const pause = setTimeout(
      () =>
        api.post<Check>("/v1/experiments/check", JSON.parse(text), { signal: abort.signal }).then(
          (check) => !abort.signal.aborted && setLive({ asking: false, check }),
          (error: unknown) => !abort.signal.aborted && setLive({ asking: false, error }),
        ),
      kPauseMs,
    );
    return () => {
      clearTimeout(pause);
      abort.abort();
    };
  }, [text]);
  return live;
}
