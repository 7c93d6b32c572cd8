import type { ComponentChildren } from "preact";

// Names and values; those without a value are left out.
export function Properties({ items }: { items: [string, ComponentChildren][] }) {
  return (
    <dl class="properties">
      {items
        .filter(([, value]) => value !== undefined && value !== null && value !== false && value !== "")
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
