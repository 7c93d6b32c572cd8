// #/models lists the models, #/models/{name} and #/models/{name}/{version} show one.
import { Badge } from "../components/badge";
import { Empty } from "../components/empty";
import { Loaded } from "../components/loaded";
import { Table } from "../components/table";
import { api } from "../frame/api";
import { ago, count, time } from "../frame/format";
import { href } from "../frame/router";
import { useData } from "../frame/use_data";
import type { PageProps } from "../pages";
import { ModelView } from "./model_view";

interface Summary {
  name: string;
  version: number;
  versions: number;
  created: string;
  estimator: string | null;
  task: string | null;
  label: string | null;
  rows: number | null;
  metric: string;
  aliases: { alias: string; version: number }[];
  comment: string;
}

export default function ModelsPage({ rest }: PageProps) {
  const [name, version] = rest;
  return name ? <ModelView key={name} name={name} version={version ? Number(version) : undefined} /> : <ModelList />;
}

function ModelList() {
  const answer = useData((signal) => api.get<{ models: Summary[] }>("/v1/models", signal), []);
  return (
    <div class="stack">
      <div class="page-head">
        <h1>Models</h1>
        <button class="button small" onClick={answer.reload}>
          Refresh
        </button>
      </div>
      <Loaded answer={answer}>{({ models }) => <Models models={models} />}</Loaded>
    </div>
  );
}

function Models({ models }: { models: Summary[] }) {
  if (models.length === 0) {
    return (
      <Empty title="There is no model yet">
        <p>
          <code>SELECT … TO TRAIN xgboost.gbtree LABEL … INTO name</code> makes one: <a href={href("sql")}>write it</a>.
        </p>
      </Empty>
    );
  }
  return (
    <Table
      caption="Models"
      rows={models}
      rowKey={(model) => model.name}
      columns={[
        {
          title: "Model",
          sort: (model) => model.name,
          cell: (model) => (
            <>
              <a href={href("models", model.name)}>{model.name}</a>
              {model.comment && <div class="muted small">{model.comment}</div>}
            </>
          ),
        },
        { title: "Versions", number: true, sort: (model) => model.versions, cell: (model) => model.versions },
        { title: "Estimator", sort: (model) => model.estimator ?? "", cell: (model) => model.estimator },
        { title: "Label", sort: (model) => model.label ?? "", cell: (model) => model.label ?? <span class="muted">none</span> },
        { title: "Rows", number: true, sort: (model) => model.rows ?? 0, cell: (model) => count(model.rows ?? 0) },
        { title: "Metric", cell: (model) => model.metric },
        {
          title: "Aliases",
          cell: (model) =>
            model.aliases.map(({ alias, version }) => (
              <Badge key={alias} tone="info">
                {alias}: {version}
              </Badge>
            )),
        },
        {
          title: "Created",
          sort: (model) => model.created,
          cell: (model) => <time dateTime={model.created} title={time(model.created)}>{ago(model.created)}</time>,
        },
      ]}
    />
  );
}
