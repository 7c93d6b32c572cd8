// #/runs lists what was run, by whatever program; #/runs/{id} shows one.
import { StateBadge } from "../components/badge";
import { Empty } from "../components/empty";
import { Loaded } from "../components/loaded";
import { Table } from "../components/table";
import { api } from "../frame/api";
import { ago, duration, time } from "../frame/format";
import { href } from "../frame/router";
import { useData } from "../frame/use_data";
import type { PageProps } from "../pages";
import { RunView, type RunSummary } from "./run_view";

export default function RunsPage({ rest }: PageProps) {
  return rest[0] ? <RunView key={rest[0]} id={rest[0]} /> : <RunList />;
}

const kMostRuns = 200;

function RunList() {
  const answer = useData((signal) => api.get<{ runs: RunSummary[] }>(`/v1/runs?limit=${kMostRuns}`, signal), []);
  return (
    <div class="stack">
      <div class="page-head">
        <h1>Runs</h1>
        <button class="button small" onClick={answer.reload}>
          Refresh
        </button>
      </div>
      <Loaded answer={answer}>{({ runs }) => <Runs runs={runs} />}</Loaded>
    </div>
  );
}

function Runs({ runs }: { runs: RunSummary[] }) {
  if (runs.length === 0) {
    return (
      <Empty title="Nothing has been run yet">
        <p>
          Runs of the <a href={href("sql")}>SQL page</a>, of the command line and of the API are listed here.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <Table
        caption="Runs"
        rows={runs}
        rowKey={(run) => run.id}
        columns={[
          { title: "Run", cell: (run) => <a href={href("runs", run.id)}>{run.id}</a> },
          { title: "Program", sort: (run) => run.name, cell: (run) => run.name },
          { title: "State", sort: (run) => run.status, cell: (run) => <StateBadge state={run.status} /> },
          {
            title: "Started",
            sort: (run) => run.started,
            cell: (run) => <time dateTime={run.started} title={time(run.started)}>{ago(run.started)}</time>,
          },
          {
            title: "Took",
            number: true,
            sort: (run) => run.seconds ?? 0,
            cell: (run) => (run.seconds === null ? "" : duration(run.seconds)),
          },
        ]}
      />
      {runs.length === kMostRuns && <p class="muted">The latest {kMostRuns}. SHOW RUNS has more.</p>}
    </>
  );
}
