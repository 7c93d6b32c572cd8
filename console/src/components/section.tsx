import type { ComponentChildren } from "preact";

// A part of a page under its heading.
export function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="stack">
      <h2>{title}</h2>
      {children}
    </section>
  );
}
