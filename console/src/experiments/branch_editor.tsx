// The branches of an experiment: a condition, and what the groups see of each parameter where it holds.
import { Field } from "../components/field";
import { allDraftGroups, newBranch, newKey, type Draft, type DraftBranch, type DraftGroup, type DraftSetting } from "./draft";
import { valueText, type Parameter } from "./model";
import { ValueField } from "./value_field";

interface BranchEditorProps {
  draft: Draft;
  parameters: Parameter[];
  errorAt: (place: string) => string | undefined;
  onChange: (branches: DraftBranch[]) => void;
}

export function BranchEditor({ draft, parameters, errorAt, onChange }: BranchEditorProps) {
  const { branches } = draft;
  const set = (index: number, change: Partial<DraftBranch>) =>
    onChange(branches.map((branch, i) => (i === index ? { ...branch, ...change } : branch)));
  return (
    <>
      {branches.map((branch, index) => (
        <fieldset key={branch.key} class="stack">
          <legend>{branches.length === 1 ? "For whom" : `Branch ${index + 1}`}</legend>
          <Field label="Condition" error={errorAt(`branch ${branch.key}`)}
                 help={index === 0 ? <>Like <code>city = 'Oslo' AND age &gt;= 18</code>; TRUE is for everybody.</> : "For those whom no branch before has taken."}>
            {(attributes) => (
              <textarea {...attributes} class="mono" rows={2} spellcheck={false} value={branch.when}
                        onInput={(event) => set(index, { when: event.currentTarget.value })} />
            )}
          </Field>
          {branch.settings.map((setting, at) => (
            <Setting key={setting.key} setting={setting} groups={draft.groups} errorAt={errorAt}
                     parameter={parameters.find((each) => each.name === setting.parameter)}
                     onChange={(changed) => set(index, {
                       settings: branch.settings.flatMap((each, i) => (i !== at ? [each] : changed ? [changed] : [])),
                     })} />
          ))}
          <Field label={branch.settings.length === 0 ? "Parameter" : "One more parameter"} error={errorAt(`settings ${branch.key}`)}
                 help={parameters.length === 0 && "There is none yet: make one first."}>
            {(attributes) => (
              <select {...attributes} value=""
                      onChange={(event) => {
                        const parameter = event.currentTarget.value;
                        event.currentTarget.value = "";
                        set(index, { settings: [...branch.settings, { key: newKey(), parameter, values: {} }] });
                      }}>
                <option value="">choose what it sets</option>
                {parameters
                  .filter((each) => branch.settings.every((setting) => setting.parameter !== each.name))
                  .map((each) => (
                    <option key={each.name}>{each.name}</option>
                  ))}
              </select>
            )}
          </Field>
          {branches.length > 1 && (
            <div>
              <button type="button" class="button small" onClick={() => onChange(branches.filter((_, i) => i !== index))}>
                Remove branch {index + 1}
              </button>
            </div>
          )}
        </fieldset>
      ))}
      <div>
        <button type="button" class="button small" onClick={() => onChange([...branches, newBranch()])}>
          Add a branch
        </button>
      </div>
    </>
  );
}

interface SettingProps {
  setting: DraftSetting;
  parameter: Parameter | undefined; // as it is stored
  groups: DraftGroup[];
  errorAt: (place: string) => string | undefined;
  onChange: (setting: DraftSetting | null) => void;
}

function Setting({ setting, parameter, groups, errorAt, onChange }: SettingProps) {
  const error = errorAt(`setting ${setting.key}`);
  const parents = new Map(allDraftGroups(groups).flatMap((group) => group.parts.map((part) => [part.key, group] as const)));
  const unset = (group: DraftGroup) => {
    const parent = parents.get(group.key);
    return parent ? `as ${parent.name}` : group.parts.length > 0 ? "by its parts" : "not set";
  };
  return (
    <fieldset class="setting">
      <legend>
        <code>{setting.parameter}</code>
      </legend>
      {parameter && (
        <p class="small muted">
          {parameter.type}, <code>{valueText(parameter.default)}</code> by default
        </p>
      )}
      <div class="values">
        {allDraftGroups(groups).map((group) => (
          <ValueField key={group.key} label={group.name || "a group without a name"} parameter={parameter ?? { type: "json" }}
                      text={setting.values[group.key] ?? ""} unset={unset(group)} error={errorAt(`value ${setting.key} ${group.key}`)}
                      onInput={(text) => onChange({ ...setting, values: { ...setting.values, [group.key]: text } })} />
        ))}
      </div>
      {error && (
        <p class="field-error" role="alert">
          {error}
        </p>
      )}
      <div>
        <button type="button" class="button small" onClick={() => onChange(null)}>
          Do not set {setting.parameter}
        </button>
      </div>
    </fieldset>
  );
}
