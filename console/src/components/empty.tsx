import type { ComponentChildren } from "preact";

// What stands where there is nothing yet: says so, and how to get something.
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}
