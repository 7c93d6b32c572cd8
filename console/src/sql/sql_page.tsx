// The SQL page: write a program, check it, run it, watch it go, read what it gives. #/sql/{id} is a program of the server.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { StateBadge } from "../components/badge";
import { ErrorBox } from "../components/error_box";
import { api, ApiError } from "../frame/api";
import { duration } from "../frame/format";
import { go, href } from "../frame/router";
import { mayEdit, session } from "../frame/session";
import { useStore } from "../frame/store";
import { toastError } from "../frame/toasts";
import { useData } from "../frame/use_data";
import type { PageProps } from "../pages";
import { StepGraph } from "../steps/step_graph";
import type { Vocabulary } from "./completion";
import { Outputs, ProblemView } from "./outputs";
import { isOver, type Plan, type Problem, type Program, type ProgramInfo, type StepState } from "./program";
import { Side, type TableInfo } from "./side";
import { SqlEditor, type EditorHandle } from "./sql_editor";
import "./sql.css";
import { useProgram } from "./use_program";

// In sessionStorage: what was typed survives a reload, as the token does; and which program it was opened from or submitted as.
const kDraft = "sinan.draft";
const kDraftOf = "sinan.draft_of";

export default function SqlPage({ rest }: PageProps) {
  const id = rest[0] ?? "";
  const who = useStore(session);
  const canRun = mayEdit(who);
  const editor = useRef<EditorHandle | null>(null);
  const [useCache, setUseCache] = useState(true);
  const [checked, setChecked] = useState<Plan | null>(null);
  const [busy, setBusy] = useState(false);
  const followed = useProgram(id);
  const { program } = followed;
  const state = program?.info?.state;
  const isRunning = state !== undefined && !isOver(state);

  const vocabulary = useData(() => api.get<Vocabulary>("/v1/statements"), []).data ?? kNoVocabulary;
  const programs = useData(async () => (await api.get<{ programs: ProgramInfo[] }>("/v1/programs")).programs, []);
  const tables = useData(async () => (await api.get<{ tables: TableInfo[] }>("/v1/tables")).tables, []);

  // A program that has begun or ended changes the lists.
  useEffect(() => {
    if (!state) return;
    programs.reload();
    if (isOver(state)) tables.reload();
  }, [id, state]);

  // A program that is opened brings its text, in the same step as what it put out; undo brings back what was there. Not so one that was
  // submitted here, or that a reload finds, and not over what is typed while it is on its way: that stays, and `differs` says so.
  const [differs, setDiffers] = useState(false);
  const compare = (text: string) => setDiffers(followed.program !== null && withLineFeeds(followed.text) !== text);
  const textWhenOpened = useRef("");
  useLayoutEffect(() => {
    textWhenOpened.current = editor.current!.text();
  }, [id]);
  useLayoutEffect(() => {
    const handle = editor.current!;
    if (followed.text && sessionStorage.getItem(kDraftOf) !== id) {
      sessionStorage.setItem(kDraftOf, id);
      if (handle.text() === textWhenOpened.current) handle.replace(followed.text);
    }
    compare(handle.text());
  }, [id, followed.text]);

  const problems = checked ? checked.diagnostics : program ? problemsOf(program) : [];
  const marked = JSON.stringify(problems);
  useLayoutEffect(() => {
    // Places in another text mean nothing.
    const fit = checked !== null || followed.text === editor.current!.text();
    editor.current!.mark(fit ? problems : []);
  }, [marked, followed.text, differs]);

  const submit = useCallback(
    async (act: (text: string) => Promise<void>) => {
      const text = editor.current?.text() ?? "";
      if (!text.trim() || busy || !canRun) return;
      setBusy(true);
      setChecked(null);
      await act(text).catch(toastError);
      setBusy(false);
    },
    [busy, canRun],
  );
  const run = () =>
    submit(async (text) => {
      const submitted = await api.post<ProgramInfo>("/v1/programs", { program: text, name: "console", use_cache: useCache });
      sessionStorage.setItem(kDraftOf, submitted.id);
      go(href("sql", submitted.id));
    });
  const check = () =>
    submit(async (text) => setChecked(await api.post<Plan>("/v1/plan", { program: text, name: "console", use_cache: useCache })));
  const cancel = () => api.delete(`/v1/programs/${encodeURIComponent(id)}`).catch(toastError);

  const goTo = (problem: Problem) => editor.current?.goTo(problem.line ?? 1, problem.column ?? 1);
  const plan = checked ?? program?.plan ?? null;
  const states = checked ? kNone : (program?.steps ?? kNone);
  // Of a program with errors nothing is known of what waits for what.
  const steps = (plan?.ok ? plan.steps : []).map((step) => ({
    step: step.step,
    title: step.title,
    dependsOn: step.depends_on.map((one) => ({ step: one.step, why: one.object ? `${one.hazard}: ${one.object}` : one.hazard })),
  }));

  return (
    <div class="sql-page">
      <div class="stack sql-main">
        <div class="page-head">
          <h1>SQL</h1>
          <div class="row">
            <label class="row small">
              <input type="checkbox" checked={useCache} onChange={(event) => setUseCache(event.currentTarget.checked)} />
              Skip unchanged steps
            </label>
            <button class="button" onClick={check} disabled={!canRun || busy} title="Ctrl-Shift-Enter: shows steps and errors, runs nothing">
              Check
            </button>
            {isRunning ? (
              <button class="button danger" onClick={cancel} disabled={!canRun}>
                Cancel
              </button>
            ) : (
              <button class="button primary" onClick={run} disabled={!canRun || busy} title="Ctrl-Enter">
                Run
              </button>
            )}
          </div>
        </div>
        {!canRun && <p class="muted">Your token is a viewer's: it may look at programs, and not run any.</p>}
        <SqlEditor
          initial={sessionStorage.getItem(kDraft) ?? ""}
          vocabulary={vocabulary}
          onChange={(text) => {
            sessionStorage.setItem(kDraft, text);
            compare(text);
          }}
          onRun={run}
          onCheck={check}
          handle={editor}
        />
        {followed.error !== null && <OpenError error={followed.error} />}
        {!followed.connected && <p class="panel">The connection is lost; trying again…</p>}
        {checked ? (
          <CheckSummary plan={checked} onClose={() => setChecked(null)} />
        ) : (
          program?.info && (
            <div class="row spread">
              <Summary info={program.info} program={program} />
              {differs && (
                <span class="row">
                  <span class="muted small">The text above is not this program's.</span>
                  <button class="button small" onClick={() => editor.current!.replace(followed.text)}>
                    Show its text
                  </button>
                </span>
              )}
            </div>
          )
        )}
        {checked?.diagnostics.map((problem, i) => <ProblemView key={i} problem={problem} onGoTo={goTo} />)}
        {(steps.length > 1 || ((isRunning || checked) && steps.length > 0)) && (
          <StepGraph steps={steps} states={states} onPick={(step) => document.getElementById(`step-${step}`)?.focus()} />
        )}
        {!checked && program && <Outputs program={program} isRunning={isRunning} onGoTo={goTo} />}
      </div>
      <Side
        programs={programs}
        tables={tables}
        statements={vocabulary.statements}
        current={id}
        onInsert={(text) => editor.current?.insert(text)}
      />
    </div>
  );
}

const kNoVocabulary: Vocabulary = { statements: [], keywords: [] };
const kNone = new Map<number, StepState>();

function problemsOf(program: Program): Problem[] {
  return program.outputs.flatMap((output) => (output.kind === "problem" ? [output.problem] : []));
}

// As the editor keeps lines.
function withLineFeeds(text: string): string {
  return text.replaceAll(/\r\n?/g, "\n");
}

function OpenError({ error }: { error: unknown }) {
  if (error instanceof ApiError && error.status === 404) {
    return (
      <p class="panel">
        The server keeps this program no more. <a href={href("runs")}>Runs</a> has the record of what was run.
      </p>
    );
  }
  return <ErrorBox error={error} />;
}

function CheckSummary({ plan, onClose }: { plan: Plan; onClose: () => void }) {
  const errors = plan.diagnostics.filter((one) => one.severity === "error").length;
  const cached = plan.steps.filter((step) => step.cached).length;
  return (
    <div class="panel row spread" role="status">
      <span>
        {plan.ok
          ? `Checked: ${plan.steps.length} ${plan.steps.length === 1 ? "step" : "steps"}, no errors${cached ? `; ${cached} unchanged` : ""}. Nothing was run.`
          : `Checked: ${errors} ${errors === 1 ? "error" : "errors"}. Nothing was run.`}
      </span>
      <button class="button quiet small" onClick={onClose}>
        Close
      </button>
    </div>
  );
}

function Summary({ info, program }: { info: ProgramInfo; program: Program }) {
  const isRunning = info.state === "running";
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (!isRunning) return;
    const timer = window.setInterval(() => setNow(Date.now()), 500);
    return () => window.clearInterval(timer);
  }, [isRunning]);
  const states = [...program.steps.values()];
  const over = states.filter((step) => step.status !== "waiting" && step.status !== "running").length;
  const end = info.ended ? Date.parse(info.ended) : now;
  return (
    <div class="row" role="status">
      <StateBadge state={info.state} />
      {info.started && <span class="muted small">{duration(Math.max(0, end - Date.parse(info.started)) / 1000)}</span>}
      {info.state !== "wrong" && states.length > 1 && (
        <span class="muted small">
          {over} of {states.length} steps
        </span>
      )}
      {info.state === "queued" && <span class="muted small">waits for its turn: programs that write run one after another</span>}
      {info.state === "wrong" && <span class="muted small">it has errors: nothing was run</span>}
      {info.run && (
        <a class="small" href={href("runs", info.run)}>
          Record of the run
        </a>
      )}
    </div>
  );
}
