// The pages of the console, in the order of the navigation. Adding one is a line here and its file: see README.md.
import type { ComponentType } from "preact";

export interface PageProps {
  rest: string[]; // what follows the page's name in the address: #/models/zoo.m/3 has ["zoo.m", "3"]
  query: URLSearchParams;
}

export interface Page {
  path: string; // the first segment of the address
  title: string;
  load: () => Promise<{ default: ComponentType<PageProps> }>; // its code is fetched when it is first opened
}

export const pages: Page[] = [
  { path: "sql", title: "SQL", load: () => import("./sql/sql_page") },
  { path: "models", title: "Models", load: () => import("./models/models_page") },
  { path: "parameters", title: "Parameters", load: () => import("./experiments/parameters_page") },
  { path: "experiments", title: "Experiments", load: () => import("./experiments/experiments_page") },
  { path: "runs", title: "Runs", load: () => import("./runs/runs_page") },
];
