// Light, dark, or as the system has it. Kept in localStorage: a taste of the browser's owner, no secret.
import { Store } from "./store";

export type Theme = "system" | "light" | "dark";
const kKey = "sinan.theme";

function apply(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

const kept = localStorage.getItem(kKey);
export const theme = new Store<Theme>(kept === "light" || kept === "dark" ? kept : "system");
apply(theme.value);

export function setTheme(value: Theme): void {
  localStorage.setItem(kKey, value);
  apply(value);
  theme.set(value);
}
