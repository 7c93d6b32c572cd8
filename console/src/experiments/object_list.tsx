// The list of parameters or of experiments: search and more filters, a button for a new one, a table.
import type { ComponentChildren } from "preact";
import { Empty } from "../components/empty";
import { Field } from "../components/field";
import { Loaded } from "../components/loaded";
import { Table, type Column } from "../components/table";
import { ago } from "../frame/format";
import { href } from "../frame/router";
import { mayEdit, session } from "../frame/session";
import { useStore } from "../frame/store";
import type { Data } from "../frame/use_data";
import { kNew } from "./model";

interface Listed {
  name: string;
  owner?: string;
  changed: string;
}

interface ObjectListProps<Row> {
  page: "parameters" | "experiments";
  one: "parameter" | "experiment";
  answer: Data<{ rows: Row[]; total: number }>;
  search: string;
  onSearch: (text: string) => void;
  filters?: ComponentChildren;
  columns: Column<Row>[]; // between the name and the owner
}

export function ObjectList<Row extends Listed>({ page, one, answer, search, onSearch, filters, columns }: ObjectListProps<Row>) {
  const title = page[0]!.toUpperCase() + page.slice(1);
  return (
    <div class="stack">
      <div class="page-head">
        <h1>{title}</h1>
        {mayEdit(useStore(session)) && (
          <a class="button primary" href={`${href(page)}${kNew}`}>
            New {one}
          </a>
        )}
      </div>
      <div class="filters">
        <Field label="Search">
          {(attributes) => <input {...attributes} type="search" value={search} onInput={(event) => onSearch(event.currentTarget.value)} />}
        </Field>
        {filters}
      </div>
      <Loaded answer={answer}>
        {({ rows, total }) => (
          <>
            {rows.length === 0 ? (
              <Empty title={`No ${one}`}>
                <p>
                  “New {one}” makes one, and so does CREATE {one.toUpperCase()} on the SQL page.
                </p>
              </Empty>
            ) : (
              <Table
                caption={title}
                rows={rows}
                rowKey={(each) => each.name}
                columns={[
                  { title: "Name", cell: (each) => <a href={href(page, each.name)}>{each.name}</a>, sort: (each) => each.name },
                  ...columns,
                  { title: "Owner", cell: (each) => each.owner ?? "", sort: (each) => each.owner ?? "" },
                  { title: "Changed", cell: (each) => ago(each.changed), sort: (each) => each.changed },
                ]}
              />
            )}
            {total > kMostListed && <p class="muted">The first {kMostListed} of {total}: search for others.</p>}
          </>
        )}
      </Loaded>
    </div>
  );
}

export const kMostListed = 1000;
