// Who uses the console. The token lives in sessionStorage: it goes with the tab, and no other site can read it. A server without tokens
// (loopback only) lets everybody in as admin.
import { Store } from "./store";

export interface Session {
  name: string; // of the token; empty without tokens
  role: "admin" | "editor" | "viewer";
  open: boolean; // the server has no tokens
  version: string;
  project: string; // the folder's name
}

const kToken = "sinan.token";

export const session = new Store<Session | null>(null);
// Why the sign-in is shown, where the reason is not simply that nobody has signed in yet.
export const signInReason = new Store("");

export function token(): string {
  return sessionStorage.getItem(kToken) ?? "";
}

export function setToken(value: string): void {
  if (value) sessionStorage.setItem(kToken, value);
  else sessionStorage.removeItem(kToken);
}

export function signedOut(reason = ""): void {
  setToken("");
  session.set(null);
  signInReason.set(reason);
}

// What the tab keeps goes with its owner: the token, and what was typed.
export function signOut(): void {
  sessionStorage.clear();
  signedOut();
}

export function mayEdit(who: Session | null): boolean {
  return who?.role === "admin" || who?.role === "editor";
}
