// The rows of a result, however many: only those in sight are in the document.
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { count } from "../frame/format";
import { cellText, csvOf, download, isNumber, jsonOf } from "./cell";
import type { ResultOutput } from "./program";

const kRowHeight = 28;
const kMostHeight = 420;
const kBeyond = 10; // rows above and below what is in sight

// Pixels for each column, from its name and its first rows: they must not change while one scrolls.
function widthsOf(result: ResultOutput): number[] {
  return result.columns.map((column, i) => {
    let longest = Math.max(column.name.length, column.type.length);
    for (const row of result.rows.slice(0, 200)) longest = Math.max(longest, cellText(row[i]).length);
    return Math.min(Math.max(longest * 8 + 26, 64), 380);
  });
}

export function ResultGrid({ result, name, isRunning }: { result: ResultOutput; name: string; isRunning: boolean }) {
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(kMostHeight);
  const { columns, rows } = result;
  const widths = useMemo(() => widthsOf(result), [result, Math.min(rows.length, 200)]);
  useLayoutEffect(() => setHeight(frame.current!.clientHeight), [rows.length]);

  const first = Math.max(0, Math.floor(top / kRowHeight) - kBeyond);
  const last = Math.min(rows.length, Math.ceil((top + height) / kRowHeight) + kBeyond);
  const spacer = (many: number) =>
    many > 0 && (
      <tr aria-hidden="true">
        <td colSpan={columns.length + 1} style={{ height: `${many * kRowHeight}px`, padding: 0 }} />
      </tr>
    );
  const caption = result.title || `Result ${name}`;
  return (
    <figure class="result">
      <figcaption class="row spread">
        <span>
          {result.title && <strong>{result.title} </strong>}
          <span class="muted small">{sizeText(result, isRunning)}</span>
        </span>
        {rows.length > 0 && (
          <span class="row">
            <button class="button quiet small" onClick={() => download(csvOf(columns, rows), "text/csv", `${name}.csv`)}>
              CSV
            </button>
            <button
              class="button quiet small"
              onClick={() => download(jsonOf(columns, rows), "application/json", `${name}.json`)}
            >
              JSON
            </button>
          </span>
        )}
      </figcaption>
      <div
        class="grid-frame"
        ref={frame}
        tabIndex={0}
        role="region"
        aria-label={caption}
        style={{ maxHeight: `${kMostHeight}px` }}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <table class="grid" aria-rowcount={result.total ?? -1} style={{ width: `${widths.reduce((a, b) => a + b, 56)}px` }}>
          <caption class="visually-hidden">{caption}</caption>
          <colgroup>
            <col style={{ width: "56px" }} />
            {widths.map((width, i) => (
              <col key={i} style={{ width: `${width}px` }} />
            ))}
          </colgroup>
          <thead>
            <tr>
              <th scope="col" class="grid-index">
                <span class="visually-hidden">Row</span>
              </th>
              {columns.map((column, i) => (
                <th key={i} scope="col" class={isNumber(column) ? "number" : ""} title={column.type}>
                  {column.name}
                  <span class="grid-type">{column.type}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {spacer(first)}
            {rows.slice(first, last).map((row, i) => (
              <tr key={first + i}>
                <td class="grid-index">{first + i + 1}</td>
                {columns.map((column, j) => {
                  const text = cellText(row[j]);
                  return (
                    <td key={j} class={`${isNumber(column) ? "number" : ""}${row[j] === null ? " null" : ""}`} title={text}>
                      {text}
                    </td>
                  );
                })}
              </tr>
            ))}
            {spacer(rows.length - last)}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

function sizeText({ rows, total }: ResultOutput, isRunning: boolean): string {
  const shown = count(rows.length);
  if (total === undefined) return isRunning ? `${shown} rows so far` : `the first ${shown} rows`;
  if (total > rows.length) return `the first ${shown} of ${count(total)} rows`;
  return total === 1 ? "1 row" : `${shown} rows`;
}
