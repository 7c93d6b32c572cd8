// Parameters and experiments as /v1 has them (docs/experiments_api.md), and what the pages compute of them.

export type Value = boolean | number | string | object | null;
export type State = "draft" | "running" | "paused" | "ended";

export interface Rule {
  when: string;
  value: Value;
}

export interface Parameter {
  name: string;
  type: "bool" | "int" | "double" | "string" | "json";
  default: Value;
  values?: Value[];
  rules?: Rule[];
  owner?: string;
  description?: string;
  experiments: { name: string; state: State }[];
  version: number;
  changed: string;
}

export interface Group {
  name: string;
  first: number;
  last: number;
  groups?: Group[];
}

export interface Branch {
  when: string;
  set: Record<string, Record<string, Value>>;
}

export interface Window {
  begin?: string;
  end?: string;
}

// What a request makes or changes.
export interface Definition {
  name: string;
  unit: string[];
  buckets: number;
  groups: Group[];
  branches: Branch[];
  rollout: number;
  max_rollout: number;
  schedule?: Window[];
  owner?: string;
  description?: string;
}

export interface Experiment extends Definition {
  state: State;
  hash: string;
  salt: string;
  epoch: number;
  parameters: string[];
  version: number;
  changed: string;
}

export interface Pair {
  parameter: string;
  other: string;
  verdict: "DISJOINT" | "OVERLAP" | "UNKNOWN";
  certificate?: { dimension: string; first: string; second: string }[];
  witness?: { text: string; context: Record<string, Value>; time?: string; group: string; other_group: string };
  reason?: string;
  remedy?: string;
}

export interface Dead {
  what: string;
  reason: string;
}

export interface Open {
  parameter: string;
  boxes: string[];
  complete: boolean;
}

export interface Check {
  verdict: Pair["verdict"];
  pairs: Pair[];
  dead: Dead[];
  open: Open[];
}

export interface Changed {
  message: string;
  warnings: string[];
  version: number;
}

// As conditions and statements write a value.
export function valueText(value: Value): string {
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  return JSON.stringify(value);
}

// What was typed, as a value of the parameter's type. Throws an Error that says what was expected.
export function readValue(text: string, type: Parameter["type"]): Value {
  if (type === "string") return text;
  if (type === "bool" && (text === "true" || text === "false")) return text === "true";
  if (type === "int" && /^-?\d+$/.test(text.trim())) return Number(text);
  if (type === "double" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (type === "json") {
    try {
      return JSON.parse(text);
    } catch {
      throw new Error("expected JSON");
    }
  }
  throw new Error(`expected a value of type ${type}`);
}

export function editText(value: Value): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

// "control [0..49], treatment [50..99] (t1 [50..74], t2 [75..99])": as statements write groups.
export function groupsText(groups: Group[]): string {
  return groups
    .map((group) => `${group.name} [${group.first}..${group.last}]${group.groups ? ` (${groupsText(group.groups)})` : ""}`)
    .join(", ");
}

// Throws an Error with the place where the text goes wrong.
export function readGroups(text: string): Group[] {
  let at = 0;
  const fail = (expected: string): never => {
    const found = text.slice(at, at + 12).trim();
    throw new Error(`expected ${expected}${found ? ` before "${found}"` : " at the end"}`);
  };
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const found = new RegExp(`\\s*${pattern.source}`, "y");
    found.lastIndex = at;
    const match = found.exec(text);
    if (match) at = found.lastIndex;
    return match;
  };
  const list = (depth: number): Group[] => {
    const groups: Group[] = [];
    do {
      const name = take(/([A-Za-z_][\w.-]*)/) ?? fail("a group's name");
      const range = take(/\[\s*(\d+)\s*(?:\.\.\s*(\d+)\s*)?\]/) ?? fail("a range like [0..49]");
      const group: Group = { name: name[1]!, first: Number(range[1]), last: Number(range[2] ?? range[1]) };
      if (take(/\(/)) {
        if (depth > 28) fail("fewer levels");
        group.groups = list(depth + 1);
        if (!take(/\)/)) fail('")"');
      }
      groups.push(group);
    } while (take(/,/));
    return groups;
  };
  const groups = list(0);
  if (take(/\S/)) {
    at--;
    fail('","');
  }
  return groups;
}

export function equalGroups(count: number, buckets: number): Group[] {
  return Array.from({ length: count }, (_, i) => ({
    name: i === 0 ? "control" : count === 2 ? "treatment" : `t${i}`,
    first: Math.floor((i * buckets) / count),
    last: Math.floor(((i + 1) * buckets) / count) - 1,
  }));
}

// All groups of the tree, each before its parts.
export function allGroups(groups: Group[]): Group[] {
  return groups.flatMap((group) => [group, ...allGroups(group.groups ?? [])]);
}

// Digits as far as they say something: 5, 2.5, 0.0125.
export function percent(value: number): string {
  return `${Number(value.toPrecision(4))} %`;
}
