// The address: "#/models/flights.late/3?tab=features" is the page "models", the rest ["flights.late", "3"], the query {tab}. Hashes need
// no help from the server, and the back button works.
import { Store } from "./store";

export interface Location {
  page: string;
  rest: string[];
  query: URLSearchParams;
}

export function parseHash(hash: string): Location {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [page = "", ...rest] = path.split("/").map((segment) => {
    try {
      return decodeURIComponent(segment);
    } catch {
      return segment;
    }
  });
  return { page, rest, query: new URLSearchParams(query) };
}

// href("models", "zoo.m", 3) = "#/models/zoo.m/3"
export function href(...segments: (string | number)[]): string {
  return `#/${segments.map((segment) => encodeURIComponent(segment)).join("/")}`;
}

export const location = new Store<Location>(parseHash(window.location.hash));
window.addEventListener("hashchange", () => location.set(parseHash(window.location.hash)));

// `replace`: the back button does not come back here.
export function go(target: string, replace = false): void {
  if (replace) window.history.replaceState(null, "", target);
  else window.location.hash = target;
  if (replace) location.set(parseHash(target));
}
