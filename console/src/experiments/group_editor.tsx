// Groups as a tree of rows: name, first and last bucket, parts. Used where an experiment is defined and where a group is split.
import { Field } from "../components/field";
import { sharedEqually, splitInTwo, whole, withOneMore, type DraftGroup } from "./draft";

interface GroupEditorProps {
  groups: DraftGroup[];
  first: number; // of the buckets that they share
  last: number;
  parent?: string; // the group whose parts they are
  flat?: boolean; // parts have no parts
  errorAt: (place: string) => string | undefined;
  onChange: (groups: DraftGroup[]) => void;
}

export function GroupEditor({ groups, first, last, parent, flat, errorAt, onChange }: GroupEditorProps) {
  const set = (index: number, change: Partial<DraftGroup>) =>
    onChange(groups.map((group, i) => (i === index ? { ...group, ...change } : group)));
  return (
    <div class="group-editor">
      {groups.map((group, index) => {
        const called = group.name || `group ${index + 1}`;
        const from = whole(group.first);
        const to = whole(group.last);
        const error = errorAt(`group ${group.key}`);
        return (
          <div key={group.key} class="group-edit" role="group" aria-label={`Group ${called}`}>
            <div class="group-line">
              <Field label="Group" error={error}>
                {(attributes) => (
                  <input {...attributes} value={group.name} onInput={(event) => set(index, { name: event.currentTarget.value.trim() })} />
                )}
              </Field>
              <Field label="First">
                {(attributes) => (
                  <input {...attributes} inputMode="numeric" value={group.first} onInput={(event) => set(index, { first: event.currentTarget.value })} />
                )}
              </Field>
              <Field label="Last">
                {(attributes) => (
                  <input {...attributes} inputMode="numeric" value={group.last} onInput={(event) => set(index, { last: event.currentTarget.value })} />
                )}
              </Field>
              <div class="row group-buttons">
                {!flat && group.parts.length === 0 && from !== undefined && to !== undefined && to > from && (
                  <button type="button" class="button small" aria-label={`Split ${called}`}
                          onClick={() => set(index, { parts: splitInTwo(group) })}>
                    Split
                  </button>
                )}
                <button type="button" class="button small" aria-label={`Remove ${called}`}
                        onClick={() => onChange(groups.filter((_, i) => i !== index))}>
                  Remove
                </button>
              </div>
            </div>
            {group.parts.length > 0 && (
              <GroupEditor groups={group.parts} first={from ?? 0} last={to ?? 0} parent={called} errorAt={errorAt}
                           onChange={(parts) => set(index, { parts })} />
            )}
          </div>
        );
      })}
      <div class="row">
        <button type="button" class="button small"
                onClick={() => onChange(withOneMore(groups, first, last, parent ? `${parent}_${groups.length + 1}` : `t${groups.length}`))}>
          {parent ? `Add a part of ${parent}` : "Add a group"}
        </button>
        {groups.length > 1 && (
          <button type="button" class="button small" aria-label={parent ? `Share equally in ${parent}` : undefined}
                  onClick={() => onChange(sharedEqually(groups, first, last))}>
            Share equally
          </button>
        )}
      </div>
    </div>
  );
}
