// The proof that an experiment competes with no other, or who would be in both, in words.
import { Badge, type Tone } from "../components/badge";
import { Table } from "../components/table";
import { href } from "../frame/router";
import { valueText, type Check, type Dead, type Open, type Pair } from "./model";

const kTones: Record<Pair["verdict"], Tone> = { DISJOINT: "good", OVERLAP: "bad", UNKNOWN: "warn" };

function PairText({ pair, onRemedy }: { pair: Pair; onRemedy?: (condition: string) => void }) {
  const other = <a href={href("experiments", pair.other)}>{pair.other}</a>;
  return (
    <li class="pair">
      <p>
        <Badge tone={kTones[pair.verdict]}>{pair.verdict}</Badge> {pair.verdict === "DISJOINT" ? "Apart from" : "With"} {other}{" "}
        on <code>{pair.parameter}</code>
        {pair.verdict === "DISJOINT" && pair.certificate && pair.certificate.length > 0 && (
          <>
            {" "}by{" "}
            {pair.certificate.map((each, index) => (
              <span key={index}>
                {index > 0 && "; "}
                {each.dimension}: <code>{each.first}</code> against <code>{each.second}</code>
              </span>
            ))}
          </>
        )}
      </p>
      {pair.witness && (
        <>
          <p>
            Both would decide for somebody{pair.witness.time && ` at ${pair.witness.time}`}: group <b>{pair.witness.group}</b> here,{" "}
            <b>{pair.witness.other_group}</b> there.
          </p>
          <Table caption={`Somebody whom ${pair.other} decides ${pair.parameter} for, too`} rowKey={([name]) => name}
                 rows={Object.entries(pair.witness.context)}
                 columns={[
                   { title: "Attribute", cell: ([name]) => name },
                   { title: "Value", cell: ([, value]) => <code>{valueText(value)}</code> },
                 ]} />
        </>
      )}
      {pair.reason && <p>No proof was found: {pair.reason}.</p>}
      {pair.remedy && (
        <p class="row">
          <span>
            It would be apart with <code>{pair.remedy}</code>
          </span>
          {onRemedy && (
            <button type="button" class="button small" onClick={() => onRemedy(pair.remedy!.replace(/^AND /, ""))}>
              Add it to every branch
            </button>
          )}
        </p>
      )}
    </li>
  );
}

export function DeadList({ dead }: { dead: Dead[] }) {
  if (dead.length === 0) return null;
  return (
    <div>
      <h3>Nothing can reach</h3>
      <ul class="plain-list">
        {dead.map((each) => (
          <li key={each.what}>
            {each.what}: {each.reason}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function OpenSpace({ open }: { open: Omit<Open, "parameter"> }) {
  if (open.complete && open.boxes.length === 0) return <p>No context is left: experiments have taken all of it.</p>;
  const shown = open.boxes.slice(0, 20);
  return (
    <ul class="plain-list">
      {shown.map((box) => (
        <li key={box}>
          <code>{box}</code>
        </li>
      ))}
      {(!open.complete || open.boxes.length > shown.length) && <li class="muted">and more</li>}
    </ul>
  );
}

export function Verdict({ check, onRemedy }: { check: Check; onRemedy?: (condition: string) => void }) {
  const trouble = check.pairs.filter((pair) => pair.verdict !== "DISJOINT");
  const apart = check.pairs.filter((pair) => pair.verdict === "DISJOINT");
  return (
    <div class="stack">
      <p class="verdict" data-verdict={check.verdict}>
        <Badge tone={kTones[check.verdict]}>{check.verdict}</Badge>{" "}
        {check.pairs.length === 0
          ? "No other experiment sets its parameters."
          : trouble.length === 0
            ? `It competes with none of ${check.pairs.length}: that is proved.`
            : `It cannot run: ${trouble.length} of ${check.pairs.length} are not proved to be apart.`}
      </p>
      {trouble.length > 0 && (
        <ul class="plain-list">
          {trouble.map((pair) => (
            <PairText key={pair.other + pair.parameter} pair={pair} onRemedy={onRemedy} />
          ))}
        </ul>
      )}
      {apart.length > 0 && (
        <details>
          <summary>{apart.length === 1 ? "The proof" : `The ${apart.length} proofs`}</summary>
          <ul class="plain-list">
            {apart.map((pair) => (
              <PairText key={pair.other + pair.parameter} pair={pair} />
            ))}
          </ul>
        </details>
      )}
      <DeadList dead={check.dead} />
      {check.open.length > 0 && (
        <details>
          <summary>What is left to others</summary>
          {check.open.map((open) => (
            <div key={open.parameter}>
              <h3>
                <code>{open.parameter}</code>
              </h3>
              <OpenSpace open={open} />
            </div>
          ))}
        </details>
      )}
    </div>
  );
}
