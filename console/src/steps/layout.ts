// Where the steps of a graph stand: a step's column is one behind the last it waits for; within a column steps stand near those.
import type { GraphStep } from "./step_graph";

export const kNodeWidth = 216;
export const kNodeHeight = 60;
const kGapX = 44;
const kGapY = 14;
const kMargin = 8;

export interface Layout {
  places: Map<number, { x: number; y: number }>;
  edges: { key: string; path: string; to: number }[];
  width: number;
  height: number;
}

export function layOut(steps: GraphStep[]): Layout {
  const level = new Map<number, number>();
  const columns: GraphStep[][] = [];
  // A step waits for earlier ones only, so one pass in their order is enough.
  for (const step of steps) {
    const own = Math.max(0, ...step.dependsOn.map((one) => (level.get(one.step) ?? -1) + 1));
    level.set(step.step, own);
    (columns[own] ??= []).push(step);
  }
  const row = new Map<number, number>();
  for (const column of columns) {
    const wish = (step: GraphStep) => {
      const rows = step.dependsOn.map((one) => row.get(one.step) ?? 0);
      return rows.length ? rows.reduce((a, b) => a + b) / rows.length : step.step;
    };
    column
      .map((step) => ({ step, wish: wish(step) }))
      .sort((a, b) => a.wish - b.wish || a.step.step - b.step.step)
      .forEach(({ step }, i) => row.set(step.step, i));
  }
  const places: Layout["places"] = new Map();
  for (const step of steps) {
    places.set(step.step, {
      x: kMargin + level.get(step.step)! * (kNodeWidth + kGapX),
      y: kMargin + row.get(step.step)! * (kNodeHeight + kGapY),
    });
  }
  const edges = steps.flatMap((step) =>
    step.dependsOn
      .filter((one) => places.has(one.step))
      .map((one) => {
        const from = places.get(one.step)!;
        const to = places.get(step.step)!;
        const [x1, y1, x2, y2] = [from.x + kNodeWidth, from.y + kNodeHeight / 2, to.x, to.y + kNodeHeight / 2];
        const bend = Math.max((x2 - x1) / 2, 20);
        return {
          key: `${one.step}-${step.step}`,
          to: step.step,
          path: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`,
        };
      }),
  );
  const most = Math.max(1, ...columns.map((column) => column.length));
  return {
    places,
    edges,
    width: 2 * kMargin + columns.length * (kNodeWidth + kGapX) - (columns.length ? kGapX : 0),
    height: 2 * kMargin + most * (kNodeHeight + kGapY) - kGapY,
  };
}
