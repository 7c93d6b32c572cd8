// Parameters and experiments as /v1 has them (docs/experiments_api.md), and what the pages compute of them.

export type Value = boolean | number | string | object | null;
export type State = "draft" | "running" | "paused" | "ended";

// Behind a page's address: the form for a new one. "new" as a segment would be an object's name.
export const kNew = "?new";

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

// What could go (GET /v1/configuration/stale).
export interface Stale {
  experiment: string;
  risk: "high" | "medium" | "low"; // of ending or dropping it
  reasons: string[];
  days: number; // since its last change
  reads: number | null; // of its parameters by programs; null: not counted
  todo: string; // a statement, or what to do in the code first
}

// How often programs have read a parameter.
export interface Reads {
  count: number;
  last: string | null;
  since: string;
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

// What was typed, as a value of the parameter's type. A text may stand in quotes, as statements write it: '' is the empty one. Throws an
// Error that says what was expected.
export function readValue(text: string, type: Parameter["type"]): Value {
  if (type === "string") return /^'.*'$/s.test(text) && text.length > 1 ? text.slice(1, -1).replaceAll("''", "'") : text;
  if (type === "bool" && (text === "true" || text === "false")) return text === "true";
  if (type === "int" && /^\s*-?\d+\s*$/.test(text)) {
    if (Number.isSafeInteger(Number(text))) return Number(text);
    throw new Error("a browser keeps whole numbers up to 9007199254740991: use the SQL page");
  }
  if (type === "double" && text.trim() !== "" && Number.isFinite(Number(text))) return Number(text);
  if (type === "json") {
    try {
      return JSON.parse(text);
    } catch {
      throw new Error('expected JSON, like {"size": 3}');
    }
  }
  throw new Error(`expected a value of type ${type}`);
}

// What readValue() reads as `value`.
export function editText(value: Value): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return value === "" || value.startsWith("'") ? valueText(value) : value;
}

// All groups of the tree, each before its parts.
export function allGroups(groups: Group[]): Group[] {
  return groups.flatMap((group) => [group, ...allGroups(group.groups ?? [])]);
}

// Digits as far as they say something: 5, 2.5, 0.0125.
export function percent(value: number): string {
  return `${Number(value.toPrecision(4))} %`;
}
