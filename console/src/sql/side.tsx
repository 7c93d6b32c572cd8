// Beside the editor: programs of this server, tables and columns, how statements are written.
import { useState } from "preact/hooks";
import { StateBadge } from "../components/badge";
import { ErrorBox } from "../components/error_box";
import { ago } from "../frame/format";
import { href } from "../frame/router";
import type { Data } from "../frame/use_data";
import type { StatementHelp } from "./completion";
import type { ProgramInfo } from "./program";

export interface TableInfo {
  schema: string;
  name: string;
  view: boolean;
  columns: { name: string; type: string }[];
}

const kTabs = ["Programs", "Tables", "Statements"] as const;

interface SideProps {
  programs: Data<ProgramInfo[]>;
  tables: Data<TableInfo[]>;
  statements: StatementHelp[];
  current: string;
  onInsert: (text: string) => void;
}

export function Side({ programs, tables, statements, current, onInsert }: SideProps) {
  const [tab, setTab] = useState<(typeof kTabs)[number]>("Programs");
  return (
    <aside class="panel side" aria-label="Reference">
      <div class="side-tabs row" role="group" aria-label="Show">
        {kTabs.map((name) => (
          <button key={name} class="button quiet small" aria-pressed={tab === name} onClick={() => setTab(name)}>
            {name}
          </button>
        ))}
      </div>
      <div class="side-body" tabIndex={0} role="region" aria-label={tab}>
        {tab === "Programs" && <Programs programs={programs} current={current} />}
        {tab === "Tables" && <Tables tables={tables} onInsert={onInsert} />}
        {tab === "Statements" && <Statements statements={statements} onInsert={onInsert} />}
      </div>
    </aside>
  );
}

function Programs({ programs, current }: { programs: Data<ProgramInfo[]>; current: string }) {
  if (programs.error) return <ErrorBox error={programs.error} onRetry={programs.reload} />;
  if (!programs.data) return <p class="loading">Loading…</p>;
  if (programs.data.length === 0) return <p class="muted">No program has been submitted yet.</p>;
  return (
    <ul class="side-list">
      {programs.data.map((program) => (
        <li key={program.id}>
          <a href={href("sql", program.id)} aria-current={program.id === current ? "true" : undefined}>
            {program.name}
          </a>
          <span class="row">
            <span class="muted small">{ago(program.submitted)}</span>
            <StateBadge state={program.state} />
          </span>
        </li>
      ))}
    </ul>
  );
}

export function sqlName({ schema, name }: { schema: string; name: string }): string {
  const quote = (part: string) => (/^[a-z_][a-z0-9_]*$/.test(part) ? part : `"${part.replaceAll('"', '""')}"`);
  return schema && schema !== "main" ? `${quote(schema)}.${quote(name)}` : quote(name);
}

function Tables({ tables, onInsert }: { tables: Data<TableInfo[]>; onInsert: (text: string) => void }) {
  if (tables.error) return <ErrorBox error={tables.error} onRetry={tables.reload} />;
  if (!tables.data) return <p class="loading">Loading…</p>;
  if (tables.data.length === 0) return <p class="muted">There is no table yet: CREATE TABLE … AS SELECT … makes one.</p>;
  return (
    <ul class="side-list">
      {tables.data.map((table) => (
        <li key={`${table.schema}.${table.name}`}>
          <details>
            <summary>
              {table.schema && table.schema !== "main" ? `${table.schema}.` : ""}
              {table.name} <span class="muted small">{table.view ? "view" : `${table.columns.length} columns`}</span>
            </summary>
            <button class="button small" onClick={() => onInsert(sqlName(table))}>
              Insert the name
            </button>
            <ul class="side-columns">
              {table.columns.map((column) => (
                <li key={column.name}>
                  {column.name} <span class="muted small">{column.type}</span>
                </li>
              ))}
            </ul>
          </details>
        </li>
      ))}
    </ul>
  );
}

function Statements({ statements, onInsert }: { statements: StatementHelp[]; onInsert: (text: string) => void }) {
  const [wanted, setWanted] = useState("");
  const found = statements.filter((one) => `${one.name} ${one.summary}`.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <>
      <input
        type="search"
        aria-label="Search statements"
        placeholder="Search"
        value={wanted}
        onInput={(event) => setWanted(event.currentTarget.value)}
      />
      {found.length === 0 && <p class="muted">No statement is called so.</p>}
      <ul class="side-list">
        {found.map((statement) => (
          <li key={statement.name}>
            <details>
              <summary>
                {statement.name} <span class="muted small">{statement.summary}</span>
              </summary>
              <pre>{statement.synopsis}</pre>
              {statement.details && <pre class="muted">{statement.details}</pre>}
              {statement.example && (
                <>
                  <pre class="example">{statement.example}</pre>
                  <button class="button small" onClick={() => onInsert(`${statement.example.trim()}\n`)}>
                    Insert the example
                  </button>
                </>
              )}
            </details>
          </li>
        ))}
      </ul>
    </>
  );
}
