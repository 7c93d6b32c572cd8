// What stands in the form of an experiment while it is typed, and the definition that it makes. Texts are kept as they are typed; groups
// have keys, so that values stay with a group that gets another name.
import { editText, readValue, type Branch, type Experiment, type Group, type Parameter, type Value, type Window } from "./model";

export interface DraftGroup {
  key: number;
  name: string;
  first: string;
  last: string;
  parts: DraftGroup[];
}

export interface DraftSetting {
  key: number;
  parameter: string;
  values: Record<number, string>; // by the group's key; one that is not there, or empty, is not set
}

export interface DraftBranch {
  key: number;
  when: string;
  settings: DraftSetting[];
}

export interface DraftWindow {
  key: number;
  begin: string; // as <input type="datetime-local"> has it, in UTC
  end: string;
}

export interface Draft {
  name: string;
  unit: string;
  buckets: string;
  groups: DraftGroup[];
  branches: DraftBranch[];
  rollout: string;
  maxRollout: string;
  schedule: DraftWindow[];
  owner: string;
  description: string;
}

// The members of a request that defines or changes an experiment.
export type Body = Record<string, unknown>;

export interface Reading {
  body: Body;
  groups: Group[]; // those whose ranges can be read
  marks: Mark[];
  problems: Record<string, string>; // by place: a member, or what has a key: "name", "group 7", "branch 2", "value 3 7" (setting 3, group 7)
  missing: Record<string, string>; // the same, of what was not typed yet
}

let lastKey = 0;
export const newKey = () => ++lastKey;

export const newGroup = (name: string, first: number, last: number): DraftGroup => ({
  key: newKey(), name, first: String(first), last: String(last), parts: [],
});
export const newBranch = (when = ""): DraftBranch => ({ key: newKey(), when, settings: [] });

export function emptyDraft(): Draft {
  return {
    name: "", unit: "user_id", buckets: "100", groups: [newGroup("control", 0, 49), newGroup("treatment", 50, 99)],
    branches: [newBranch("TRUE")], rollout: "100", maxRollout: "100", schedule: [], owner: "", description: "",
  };
}

export function draftOf(experiment: Experiment): Draft {
  const keys = new Map<string, number>();
  const draftGroup = (group: Group): DraftGroup => {
    const draft = { ...newGroup(group.name, group.first, group.last), parts: (group.groups ?? []).map(draftGroup) };
    keys.set(group.name, draft.key);
    return draft;
  };
  const groups = experiment.groups.map(draftGroup);
  return {
    name: experiment.name, unit: experiment.unit.join(", "), buckets: String(experiment.buckets), groups,
    branches: experiment.branches.map((branch) => ({
      key: newKey(), when: branch.when,
      settings: Object.entries(branch.set).map(([parameter, values]) => ({
        key: newKey(), parameter,
        values: Object.fromEntries(Object.entries(values).map(([group, value]) => [keys.get(group)!, editText(value)])),
      })),
    })),
    rollout: String(experiment.rollout), maxRollout: String(experiment.max_rollout),
    schedule: (experiment.schedule ?? []).map((window) => ({ key: newKey(), begin: inputTime(window.begin), end: inputTime(window.end) })),
    owner: experiment.owner ?? "", description: experiment.description ?? "",
  };
}

const inputTime = (iso = "") => iso.replace(/(\.0+)?Z$/, "");
const isoTime = (input: string) => (input.length === 16 ? `${input}:00Z` : `${input}Z`);

export function allDraftGroups(groups: DraftGroup[]): DraftGroup[] {
  return groups.flatMap((group) => [group, ...allDraftGroups(group.parts)]);
}

// A number that is typed as digits only; else nothing.
export function whole(text: string): number | undefined {
  return /^\s*\d{1,10}\s*$/.test(text) ? Number(text) : undefined;
}

export function readGroups(groups: DraftGroup[]): Group[] {
  return groups.flatMap((group) => {
    const [first, last] = [whole(group.first), whole(group.last)];
    if (first === undefined || last === undefined || last < first) return [];
    const parts = readGroups(group.parts);
    return [{ name: group.name, first, last, ...(parts.length > 0 && { groups: parts }) }];
  });
}

// --- ranges ---

// Where groups do not follow each other from the first bucket of what they are parts of to the last.
export interface Mark {
  level: number;
  first: number;
  last: number;
  text: string;
}

export function tilingMarks(groups: Group[], first: number, last: number, level = 0): Mark[] {
  const marks: Mark[] = [];
  const mark = (from: number, to: number, what: string) =>
    marks.push({ level, first: from, last: to, text: `${from === to ? `Bucket ${from} is` : `Buckets ${from} to ${to} are`} ${what}` });
  let next = first;
  let before = "";
  for (const group of [...groups].sort((a, b) => a.first - b.first)) {
    if (group.first > next) mark(next, Math.min(group.first - 1, last), "in no group");
    if (group.first < next && before) mark(group.first, Math.min(next - 1, group.last), `in ${before} and in ${group.name}`);
    if (group.first < first || group.last > last) mark(group.first, group.last, `not all inside ${first} to ${last}`);
    if (group.last >= next) [next, before] = [group.last + 1, group.name];
    if (group.groups) marks.push(...tilingMarks(group.groups, group.first, group.last, level + 1));
  }
  if (next <= last) mark(next, last, "in no group");
  return marks;
}

// The same groups, each with its share of the range; parts too.
export function sharedEqually(groups: DraftGroup[], first: number, last: number): DraftGroup[] {
  const size = last - first + 1;
  return groups.map((group, i) => {
    const from = first + Math.floor((i * size) / groups.length);
    const to = first + Math.floor(((i + 1) * size) / groups.length) - 1;
    return { ...group, first: String(from), last: String(to), parts: sharedEqually(group.parts, from, to) };
  });
}

// One group more: in what is left at the end of the range, or in half of the last one.
export function withOneMore(groups: DraftGroup[], first: number, last: number, name: string): DraftGroup[] {
  const end = Math.max(first - 1, ...groups.map((group) => whole(group.last) ?? -1));
  if (end < last) return [...groups, newGroup(name, end + 1, last)];
  const halved = groups.at(-1)!;
  const middle = Math.floor(((whole(halved.first) ?? first) + last + 1) / 2);
  return [...groups.slice(0, -1), { ...halved, last: String(middle - 1) }, newGroup(name, middle, last)];
}

export function splitInTwo(group: DraftGroup): DraftGroup[] {
  const parts = [newGroup(`${group.name}_1`, 0, 0), newGroup(`${group.name}_2`, 0, 0)];
  return sharedEqually(parts, whole(group.first) ?? 0, whole(group.last) ?? 0);
}

// --- the definition ---

const kName = /^[A-Za-z][\w.-]*$/;
const kNameHelp = "letters, digits, _ . and -, beginning with a letter";

export function nameProblem(name: string): string | undefined {
  return kName.test(name) ? undefined : kNameHelp;
}

function readPercent(text: string): number | undefined {
  const value = Number(text);
  return text.trim() !== "" && value >= 0 && value <= 100 ? value : undefined;
}

// `stored`: the experiment that is changed. Of one that has run, what must stay is not sent.
export function readDraft(draft: Draft, parameters: Parameter[], stored?: Experiment): Reading {
  const problems: Record<string, string> = {};
  const missing: Record<string, string> = {};
  if (draft.name === "") missing.name = "it needs a name";
  else if (nameProblem(draft.name)) problems.name = nameProblem(draft.name)!;
  const unit = draft.unit.split(",").map((each) => each.trim()).filter((each) => each !== "");
  if (unit.length === 0) missing.unit = "name the attribute that is assigned: user_id";
  const buckets = whole(draft.buckets);
  if (!buckets) problems.buckets = "a whole number from 1 on";

  const names = new Set<string>();
  for (const group of allDraftGroups(draft.groups)) {
    const [first, last] = [whole(group.first), whole(group.last)];
    const place = `group ${group.key}`;
    if (group.name === "") missing[place] = "a group needs a name";
    else if (nameProblem(group.name)) problems[place] = `name: ${kNameHelp}`;
    else if (names.has(group.name)) problems[place] = `another group is named ${group.name}`;
    else if (first === undefined || last === undefined) problems[place] = "first and last bucket are whole numbers";
    else if (last < first) problems[place] = "the last bucket is before the first";
    names.add(group.name);
  }
  const groups = readGroups(draft.groups);
  const marks = buckets ? tilingMarks(groups, 0, buckets - 1) : [];
  if (draft.groups.length === 0) missing.groups = "it needs a group";
  else if (marks.length > 0) problems.groups = marks.map((mark) => mark.text).join("; ");

  const branches = draft.branches.map((branch): Branch => {
    if (branch.when.trim() === "") missing[`branch ${branch.key}`] = "a condition; TRUE is for everybody";
    if (branch.settings.length === 0) missing[`settings ${branch.key}`] = "choose a parameter that it sets";
    return {
      when: branch.when,
      set: Object.fromEntries(branch.settings.map((setting) => [setting.parameter, readValues(setting, draft, parameters, problems, missing)])),
    };
  });

  const rollout = readPercent(draft.rollout);
  const most = readPercent(draft.maxRollout);
  if (rollout === undefined) problems.rollout = "percent, from 0 to 100";
  if (most === undefined) problems.max_rollout = "percent, from 0 to 100";
  else if (rollout !== undefined && rollout > most) problems.rollout = `at most ${most} %, its maximum`;

  const schedule = draft.schedule.map((window): Window => {
    if (!window.begin && !window.end) missing[`window ${window.key}`] = "a begin, an end, or both";
    if (window.begin && window.end && window.end <= window.begin) problems[`window ${window.key}`] = "it ends before it begins";
    return { ...(window.begin && { begin: isoTime(window.begin) }), ...(window.end && { end: isoTime(window.end) }) };
  });

  const body: Body = {
    name: draft.name,
    ...((!stored || stored.state === "draft") && { unit, buckets, groups }),
    branches, rollout, max_rollout: most,
    schedule: schedule.length > 0 ? schedule : null,
    owner: draft.owner || null,
    description: draft.description || null,
  };
  return { body, groups, marks, problems, missing };
}

function readValues(setting: DraftSetting, draft: Draft, parameters: Parameter[], problems: Record<string, string>,
                    missing: Record<string, string>): Record<string, Value> {
  const type = parameters.find((each) => each.name === setting.parameter)?.type ?? "json";
  const values: Record<string, Value> = {};
  let typed = false;
  for (const group of allDraftGroups(draft.groups)) {
    const text = setting.values[group.key] ?? "";
    if (text === "") continue;
    typed = true;
    try {
      values[group.name] = readValue(text, type);
    } catch (error) {
      problems[`value ${setting.key} ${group.key}`] = (error as Error).message;
    }
  }
  if (!typed) missing[`setting ${setting.key}`] = "give at least one group a value";
  return values;
}

// "when", with one more condition that must hold.
export function narrowed(when: string, condition: string): string {
  if (/^\s*(TRUE)?\s*$/i.test(when)) return condition;
  return `${/\bOR\b/i.test(when) ? `(${when})` : when} AND ${condition}`;
}
