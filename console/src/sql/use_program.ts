// Follows one program of the server: its plan and what it has put out so far, then its events until it ends.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, fetchApi } from "../frame/api";
import { watch } from "../frame/events";
import { parseExact } from "./exact_json";
import { isOver, Program, type Plan, type ProgramInfo, type StepState } from "./program";

interface PlanAnswer {
  text: string;
  plan: Plan | null;
  steps: (StepState & { step: number })[];
}

export interface Followed {
  program: Program | null; // comes together with its text
  text: string; // of the program
  error: unknown;
  connected: boolean;
}

const kFrame = 60; // milliseconds between two looks at a program that puts out much

const kNothing: Followed = { program: null, text: "", error: null, connected: true };

// Of another `id` nothing is told until the first answer about it: what was followed before is another program's.
export function useProgram(id: string): Followed {
  const [followed, setFollowed] = useState({ id: "", ...kNothing });
  const frame = useRef(0);
  useEffect(() => {
    if (!id) return;
    const abort = new AbortController();
    const program = new Program();
    let text = "";
    let connected = true;
    const show = (error: unknown = null) => {
      if (!abort.signal.aborted) setFollowed({ id, program, text, error, connected });
    };
    const showSoon = () => {
      frame.current ||= window.setTimeout(() => {
        frame.current = 0;
        show();
      }, kFrame);
    };
    const path = `/v1/programs/${encodeURIComponent(id)}`;
    const follow = async () => {
      const answer = await api.get<PlanAnswer>(`${path}/plan`, abort.signal);
      text = answer.text;
      // Kept apart from the events: those may have gone.
      if (answer.plan) program.takePlan(answer.plan);
      const info = await api.get<ProgramInfo>(path, abort.signal);
      // That it has ended is told where it belongs: behind what it has put out.
      if (!isOver(info.state)) {
        program.info = info;
        show();
      }
      await watch(
        `${path}/events`,
        (event) => {
          program.take(event);
          showSoon();
        },
        {
          signal: abort.signal,
          onConnection: (now) => {
            connected = now;
            showSoon();
          },
        },
      );
      program.info = await api.get<ProgramInfo>(path, abort.signal);
      if (program.isBehind) {
        const result = await (await fetchApi("GET", `${path}/result`, { signal: abort.signal })).text();
        program.replaceOutput((parseExact(result) as { output: unknown[] }).output);
        for (const step of (await api.get<PlanAnswer>(`${path}/plan`, abort.signal)).steps) program.takeStep(step);
      }
      show();
    };
    follow().catch(show);
    return () => {
      abort.abort();
      window.clearTimeout(frame.current);
      frame.current = 0;
    };
  }, [id]);
  return followed.id === id ? followed : kNothing;
}
