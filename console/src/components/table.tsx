// A table of some hundred rows at most: header, optional sorting, rows that lead somewhere by a link in their first cell.
// Results of queries, which may be large, are shown by sql/result_grid.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";

export interface Column<Row> {
  title: string;
  cell: (row: Row) => ComponentChildren;
  number?: boolean; // right-aligned
  sort?: (row: Row) => string | number; // given: the header sorts by it
}

interface TableProps<Row> {
  caption: string; // for screen readers
  columns: Column<Row>[];
  rows: Row[];
  rowKey: (row: Row) => string | number;
}

export function Table<Row>({ caption, columns, rows, rowKey }: TableProps<Row>) {
  const [order, setOrder] = useState<{ column: number; down: boolean } | null>(null);
  const sort = order && columns[order.column]?.sort;
  const sorted = sort
    ? [...rows].sort((a, b) => {
        const [x, y] = [sort(a), sort(b)];
        return (x < y ? -1 : x > y ? 1 : 0) * (order.down ? -1 : 1);
      })
    : rows;
  const turn = (column: number) => setOrder((old) => ({ column, down: old?.column === column ? !old.down : false }));
  const direction = (column: number) => (order?.column !== column ? undefined : order.down ? "descending" : "ascending");
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label={caption}>
      <table class="table">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={column.title} scope="col" class={column.number ? "number" : ""} aria-sort={direction(index)}>
                {column.sort ? (
                  <button onClick={() => turn(index)}>
                    {column.title}
                    {order?.column === index ? (order.down ? " ↓" : " ↑") : ""}
                  </button>
                ) : (
                  column.title
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.title} class={column.number ? "number" : ""}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
