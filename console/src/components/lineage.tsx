// What an object was made from, or what was made with it: the objects next to it first, with the columns that went in.
import { api } from "../frame/api";
import { href } from "../frame/router";
import { useData } from "../frame/use_data";
import { ErrorBox } from "./error_box";
import { Table } from "./table";

interface Node {
  kind: string;
  name: string;
  version: number;
  column: string;
}
interface Edge {
  from: Node;
  to: Node;
  how: string;
}

interface Link {
  key: string;
  from: Node;
  to: Node;
  how: string;
  columns: string[];
}

// Edges of columns, as one line for each two objects.
function linksOf(edges: Edge[]): Link[] {
  const links = new Map<string, Link>();
  for (const { from, to, how } of edges) {
    const key = [from.kind, from.name, to.kind, to.name, how].join("\n");
    const link = links.get(key) ?? { key, from, to, how, columns: [] };
    links.set(key, link);
    if (from.column && !link.columns.includes(from.column)) link.columns.push(from.column);
  }
  return [...links.values()];
}

const kMostColumns = 12;

export function ObjectName({ kind, name, version }: { kind: string; name: string; version: number }) {
  const shown = name.startsWith("main.") ? name.slice(5) : name;
  return (
    <>
      <span class="muted small">{kind}</span>{" "}
      {kind === "model" ? <a href={href("models", name, ...(version ? [version] : []))}>{shown}</a> : shown}
      {version > 0 && <span class="muted small"> version {version}</span>}
    </>
  );
}

interface LineageProps {
  kind: string;
  name: string;
  direction: "upstream" | "downstream";
}

export function Lineage({ kind, name, direction }: LineageProps) {
  const path = `/v1/lineage?kind=${encodeURIComponent(kind)}&name=${encodeURIComponent(name)}&direction=${direction}`;
  const { data, error, reload } = useData((signal) => api.get<{ edges: Edge[] }>(path, signal), [path]);
  if (error) return <ErrorBox error={error} onRetry={reload} />;
  if (!data) return <p class="loading">Loading…</p>;
  const links = linksOf(data.edges);
  if (links.length === 0) return <p class="muted">Nothing that is known.</p>;
  return (
    <Table
      caption={direction === "upstream" ? "Made from" : "Made with it"}
      rows={links}
      rowKey={(link) => link.key}
      columns={[
        { title: "From", cell: (link) => <ObjectName {...link.from} /> },
        {
          title: "Columns",
          cell: (link) =>
            link.columns.slice(0, kMostColumns).join(", ") +
            (link.columns.length > kMostColumns ? ` and ${link.columns.length - kMostColumns} more` : ""),
        },
        { title: "By", cell: (link) => link.how },
        { title: "To", cell: (link) => <ObjectName {...link.to} /> },
      ]}
    />
  );
}
