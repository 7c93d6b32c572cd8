// Parameters: the list, and one with its rules, experiments, what is left of it, an explanation for a context, and its history.
import { useState } from "preact/hooks";
import { StateBadge } from "../components/badge";
import { ErrorBox } from "../components/error_box";
import { Field } from "../components/field";
import { api } from "../frame/api";
import { ago, count, time } from "../frame/format";
import { href } from "../frame/router";
import { mayEdit, session } from "../frame/session";
import { useStore } from "../frame/store";
import { useData } from "../frame/use_data";
import type { PageProps } from "../pages";
import "./experiments.css";
import { History } from "./history";
import { valueText, type Dead, type Open, type Parameter, type Reads, type Value } from "./model";
import { kMostListed, ObjectList } from "./object_list";
import { ParameterForm } from "./parameter_form";
import { DeadList, OpenSpace } from "./verdict";

export default function ParametersPage({ rest, query }: PageProps) {
  const [name, what] = rest;
  if (!name && query.has("new")) return <ParameterForm />;
  if (name && what === "edit") return <ParameterForm key={name} name={name} />;
  return name ? <One key={name} name={name} /> : <List />;
}

function List() {
  const [search, setSearch] = useState("");
  const answer = useData(
    async (signal) => {
      const query = new URLSearchParams({ limit: String(kMostListed), search });
      const { parameters, total } = await api.get<{ parameters: Parameter[]; total: number }>(`/v1/parameters?${query}`, signal);
      return { rows: parameters, total };
    },
    [search],
  );
  return (
    <ObjectList
      page="parameters"
      one="parameter"
      answer={answer}
      search={search}
      onSearch={setSearch}
      columns={[
        { title: "Type", cell: (each) => each.type, sort: (each) => each.type },
        { title: "Default", cell: (each) => <code>{valueText(each.default)}</code> },
        { title: "Rules", cell: (each) => each.rules?.length ?? 0, number: true, sort: (each) => each.rules?.length ?? 0 },
        { title: "Experiments", cell: (each) => each.experiments.map((one) => one.name).join(", ") },
      ]}
    />
  );
}

interface Answer {
  parameter: Parameter;
  reads: Reads | null;
  open: Omit<Open, "parameter">;
  dead: Dead[];
}

// Whether the code has let go of it.
function readsText(reads: Reads | null): string {
  if (reads === null) return "not counted yet: no service has asked";
  const since = `since ${time(reads.since)}`;
  if (reads.count === 0) return `nothing has read it ${since}`;
  return `code still reads it: ${count(reads.count)} ${reads.count === 1 ? "time" : "times"} ${since}, last ${ago(reads.last!)}`;
}

function One({ name }: { name: string }) {
  const editable = mayEdit(useStore(session));
  const { data, error, reload } = useData(
    (signal) => api.get<Answer>(`/v1/parameters/${encodeURIComponent(name)}`, signal),
    [name],
  );
  if (error) {
    return (
      <div class="stack">
        <h1>Parameters: {name}</h1>
        <ErrorBox error={error} onRetry={reload} />
      </div>
    );
  }
  if (!data) return <p class="loading">Loading…</p>;
  const { parameter } = data;
  return (
    <div class="stack">
      <div class="page-head">
        <h1>Parameters: {parameter.name}</h1>
        {editable && (
          <a class="button" href={href("parameters", parameter.name, "edit")}>
            Edit
          </a>
        )}
      </div>
      {parameter.description && <p>{parameter.description}</p>}
      <dl class="facts">
        <div>
          <dt>Type</dt>
          <dd>{parameter.type}</dd>
        </div>
        <div>
          <dt>Default</dt>
          <dd>
            <code>{valueText(parameter.default)}</code>
          </dd>
        </div>
        <div>
          <dt>Values</dt>
          <dd>{parameter.values ? <code>{parameter.values.map(valueText).join(", ")}</code> : "any"}</dd>
        </div>
        <div>
          <dt>Owner</dt>
          <dd>{parameter.owner ?? "nobody"}</dd>
        </div>
        <div>
          <dt>Reads</dt>
          <dd>{readsText(data.reads)}</dd>
        </div>
      </dl>
      {parameter.rules && (
        <section class="panel stack" aria-labelledby="rules">
          <h2 id="rules">Rules</h2>
          <ol class="plan">
            {parameter.rules.map((rule, index) => (
              <li key={index}>
                When <code>{rule.when}</code>: <code>{valueText(rule.value)}</code>
              </li>
            ))}
          </ol>
        </section>
      )}
      <section class="panel stack" aria-labelledby="experiments">
        <h2 id="experiments">Experiments that set it</h2>
        {parameter.experiments.length === 0 ? (
          <p>None.</p>
        ) : (
          <ul class="plain-list">
            {parameter.experiments.map((each) => (
              <li key={each.name} class="row">
                <a href={href("experiments", each.name)}>{each.name}</a> <StateBadge state={each.state} />
              </li>
            ))}
          </ul>
        )}
        <h3>What no experiment has taken</h3>
        <OpenSpace open={data.open} />
        <DeadList dead={data.dead} />
      </section>
      <Explain name={parameter.name} />
      <section class="panel stack" aria-labelledby="history">
        <h2 id="history">History</h2>
        <History object={`parameter ${name}`} round={0} />
      </section>
    </div>
  );
}

interface Explanation {
  value?: Value;
  reason?: string;
  variant?: string;
  errorDetails?: string;
  decisions: { depth: number; text: string }[];
}

// "city = Oslo" on each line; what reads as JSON is that, the rest is text.
function readContext(text: string): Record<string, unknown> {
  const context: Record<string, unknown> = {};
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const at = line.indexOf("=");
    if (at < 1) throw new Error(`"${line.trim()}" is not attribute = value`);
    const value = line.slice(at + 1).trim();
    try {
      context[line.slice(0, at).trim()] = JSON.parse(value);
    } catch {
      context[line.slice(0, at).trim()] = value.replace(/^'(.*)'$/, "$1");
    }
  }
  return context;
}

function Explain({ name }: { name: string }) {
  const [text, setText] = useState("user_id = u42");
  const [answer, setAnswer] = useState<Explanation | null>(null);
  const [error, setError] = useState<unknown>();
  const ask = async (event: Event) => {
    event.preventDefault();
    try {
      setAnswer(await api.post<Explanation>(`/v1/parameters/${encodeURIComponent(name)}/explain`, { context: readContext(text) }));
      setError(undefined);
    } catch (thrown) {
      setAnswer(null);
      setError(thrown);
    }
  };
  return (
    <section class="panel stack" aria-labelledby="explain">
      <h2 id="explain">What somebody sees, and why</h2>
      <form class="stack" onSubmit={ask}>
        <Field label="Context" help="One attribute a line: city = Oslo">
          {(attributes) => <textarea {...attributes} class="mono" rows={4} value={text} onInput={(event) => setText(event.currentTarget.value)} />}
        </Field>
        <div>
          <button class="button primary">Explain</button>
        </div>
      </form>
      {error !== undefined && <ErrorBox error={error} />}
      {answer && (
        <div class="stack" role="status">
          <p>
            {answer.errorDetails ?? (
              <>
                <code>{valueText(answer.value ?? null)}</code>: {answer.reason}, {answer.variant}
              </>
            )}
          </p>
          <ol class="decisions">
            {answer.decisions.map((each, index) => (
              <li key={index} class={`depth-${Math.min(each.depth, 4)}`}>
                {each.text}
              </li>
            ))}
          </ol>
        </div>
      )}
    </section>
  );
}
