// Who changed an object, when, why, and what was before and after.
import { ErrorBox } from "../components/error_box";
import { api } from "../frame/api";
import { ago, time } from "../frame/format";
import { useData } from "../frame/use_data";

interface Change {
  version: number;
  time: string;
  who: string;
  why: string;
  changes: { object: string; member: string; before?: string; after?: string }[];
}

// `round` changes when the object was changed: then it is read again.
export function History({ object, round }: { object: string; round: number }) {
  const { data, error, reload } = useData(
    (signal) => api.get<{ changes: Change[] }>(`/v1/configuration/changes?object=${encodeURIComponent(object)}`, signal),
    [object, round],
  );
  if (error) return <ErrorBox error={error} onRetry={reload} />;
  if (!data) return <p class="loading">Loading…</p>;
  return (
    <ol class="history">
      {data.changes.map((change) => (
        <li key={change.version}>
          <p>
            <time dateTime={change.time} title={time(change.time)}>
              {ago(change.time)}
            </time>
            {change.who && (
              <>
                {" "}by <b>{change.who}</b>
              </>
            )}
            , version {change.version}
            {change.why && `: ${change.why}`}
          </p>
          {change.changes.map((each) => (
            <div key={each.member} class="diff">
              <span>{each.member}</span>
              {each.before !== undefined && <del>{each.before}</del>}
              {each.after !== undefined && <ins>{each.after}</ins>}
            </div>
          ))}
        </li>
      ))}
    </ol>
  );
}
