// One version of a model: what it was made of and how, what it learnt, how good it is, and the other versions.
import type { ComponentChildren } from "preact";
import { Badge } from "../components/badge";
import { Lineage } from "../components/lineage";
import { Loaded } from "../components/loaded";
import { Picture, pictureTitle } from "../components/picture";
import { Properties } from "../components/properties";
import { Section } from "../components/section";
import { Table } from "../components/table";
import { api } from "../frame/api";
import { count, number, time } from "../frame/format";
import { href } from "../frame/router";
import { useData } from "../frame/use_data";

interface Feature {
  name: string;
  column: string;
  kind: string;
  categories?: number;
  importance?: number;
  how?: string;
}

// Metrics by round; the best round is the one that counts.
interface Metrics {
  rounds?: number;
  best_round?: number;
  train?: Record<string, number[]>;
  validation?: Record<string, number[]>;
  trials?: unknown;
}

interface Version {
  name: string;
  version: number;
  created: string;
  run: string;
  step: number;
  aliases: string[];
  comment: string;
  payload: {
    estimator?: string;
    library?: string;
    library_version?: string;
    task?: string;
    objective?: string;
    label?: { column: string; type: string; classes?: string[] } | null;
    features?: Feature[];
    feature_count?: number;
    attributes?: Record<string, unknown>;
    metrics?: Metrics;
    rows?: number;
    validation_rows?: number;
    data?: { rows?: number; hash?: string };
    statement?: string;
  };
}

export function ModelView({ name, version }: { name: string; version?: number }) {
  const path = `/v1/models/${encodeURIComponent(name)}`;
  const answer = useData((signal) => api.get<{ versions: Version[] }>(path, signal), [path]);
  const { data } = answer;
  const shown = version ? data?.versions.find((one) => one.version === version) : data?.versions[0];
  return (
    <div class="stack">
      <div>
        <a href={href("models")}>Models</a>
        <h1>
          {name}
          {shown && <span class="muted"> version {shown.version}</span>}{" "}
          {shown?.aliases.map((alias) => (
            <Badge key={alias} tone="info">
              {alias}
            </Badge>
          ))}
        </h1>
        {shown?.comment && <p>{shown.comment}</p>}
      </div>
      <Loaded answer={answer}>
        {({ versions }) =>
          shown ? (
            <Shown model={shown} versions={versions} />
          ) : (
            <p class="panel">
              The model has no version {version}. <a href={href("models", name)}>The newest</a>
            </p>
          )
        }
      </Loaded>
    </div>
  );
}

function Shown({ model, versions }: { model: Version; versions: Version[] }) {
  const { payload } = model;
  const attributes = Object.entries(payload.attributes ?? {});
  return (
    <>
      {versions.length > 1 && (
        <Section title="Versions">
          <Versions versions={versions} current={model.version} />
        </Section>
      )}
      <Section title="About">
        <div class="panel">
          <Properties
            items={[
              ["Estimator", payload.estimator && `${payload.estimator} (${payload.library} ${payload.library_version})`],
              ["Task", payload.task],
              ["Objective", payload.objective],
              ["Label", payload.label ? `${payload.label.column} (${payload.label.type})` : "none"],
              ["Classes", payload.label?.classes?.join(", ")],
              ["Rows", payload.rows !== undefined && count(payload.rows)],
              ["Validation rows", payload.validation_rows ? count(payload.validation_rows) : undefined],
              ["Features", payload.feature_count !== undefined && count(payload.feature_count)],
              ["Created", time(model.created)],
              ["Run", <a href={href("runs", model.run)}>{model.run}, step {model.step}</a>],
              ...attributes.map(([key, value]): [string, ComponentChildren] => [
                key,
                <code>{typeof value === "string" ? value : JSON.stringify(value)}</code>,
              ]),
            ]}
          />
        </div>
      </Section>
      {payload.statement && (
        <Section title="Training statement">
          <pre class="panel">{payload.statement}</pre>
        </Section>
      )}
      <MetricTable metrics={payload.metrics ?? {}} />
      <Charts model={model} />
      <Features features={payload.features ?? []} />
      <Section title="Made from">
        <Lineage kind="model" name={model.name} direction="upstream" />
      </Section>
      <Section title="Made with it">
        <Lineage kind="model" name={model.name} direction="downstream" />
      </Section>
    </>
  );
}

// The metrics of the round that counts: name, train, validation.
function lastMetrics(metrics: Metrics): { name: string; train?: number; validation?: number }[] {
  const at = (values: number[] | undefined) => values?.[Math.min(metrics.best_round ?? values.length - 1, values.length - 1)];
  const names = new Set([...Object.keys(metrics.train ?? {}), ...Object.keys(metrics.validation ?? {})]);
  return [...names].map((name) => ({ name, train: at(metrics.train?.[name]), validation: at(metrics.validation?.[name]) }));
}

const shownNumber = (value: number | undefined) => (value === undefined ? "" : number(value));

function MetricTable({ metrics }: { metrics: Metrics }) {
  const rows = lastMetrics(metrics);
  if (rows.length === 0) return null;
  const best = metrics.best_round === undefined ? "" : ` after round ${metrics.best_round + 1} of ${metrics.rounds}`;
  return (
    <Section title={`Metrics${best}`}>
      <Table
        caption="Metrics"
        rows={rows}
        rowKey={(row) => row.name}
        columns={[
          { title: "Metric", cell: (row) => row.name },
          { title: "Training", number: true, cell: (row) => shownNumber(row.train) },
          { title: "Validation", number: true, cell: (row) => shownNumber(row.validation) },
        ]}
      />
    </Section>
  );
}

// Charts of the model itself, and the pictures that its run made at the training's step.
function Charts({ model }: { model: Version }) {
  const { features, metrics } = model.payload;
  const charts: string[] = [];
  if ((metrics?.rounds ?? 0) > 1) charts.push("training");
  if (features?.some((feature) => feature.importance !== undefined)) charts.push("importance");
  const named = encodeURIComponent(`${model.name}:${model.version}`);
  if (charts.length === 0) return null;
  return (
    <Section title="Charts">
      <div class="pictures panel">
        {charts.map((chart) => (
          <Picture key={chart} path={`/v1/models/${named}/charts/${chart}`} title={pictureTitle(chart)} />
        ))}
      </div>
    </Section>
  );
}

const kMostFeatures = 500;

function Features({ features }: { features: Feature[] }) {
  if (features.length === 0) return null;
  const known = features.some((feature) => feature.importance !== undefined);
  return (
    <Section title="Features">
      {features.length > kMostFeatures && <p class="muted">The first {kMostFeatures} of {count(features.length)}.</p>}
      <Table
        caption="Features"
        rows={features.slice(0, kMostFeatures)}
        rowKey={(feature) => feature.name}
        columns={[
          { title: "Feature", sort: (feature) => feature.name, cell: (feature) => feature.name },
          { title: "Column", sort: (feature) => feature.column, cell: (feature) => feature.column },
          {
            title: "Kind",
            sort: (feature) => feature.kind,
            cell: (feature) => (feature.categories ? `${feature.kind} (${count(feature.categories)})` : feature.kind),
          },
          ...(known
            ? [
                {
                  title: "Importance",
                  number: true,
                  sort: (feature: Feature) => feature.importance ?? 0,
                  cell: (feature: Feature) => shownNumber(feature.importance),
                },
              ]
            : []),
          { title: "How", cell: (feature) => feature.how },
        ]}
      />
    </Section>
  );
}

function Versions({ versions, current }: { versions: Version[]; current: number }) {
  return (
    <Table
      caption="Versions"
      rows={versions}
      rowKey={(one) => one.version}
      columns={[
        {
          title: "Version",
          cell: (one) => (
            <a href={href("models", one.name, one.version)} aria-current={one.version === current ? "true" : undefined}>
              {one.version}
            </a>
          ),
        },
        { title: "Created", cell: (one) => time(one.created) },
        { title: "Estimator", cell: (one) => one.payload.estimator },
        { title: "Rows", number: true, cell: (one) => count(one.payload.rows ?? 0) },
        {
          title: "Metrics",
          cell: (one) =>
            lastMetrics(one.payload.metrics ?? {})
              .map((row) => `${row.name} ${shownNumber(row.validation ?? row.train)}`)
              .join(", "),
        },
        { title: "Aliases", cell: (one) => one.aliases.join(", ") },
      ]}
    />
  );
}
