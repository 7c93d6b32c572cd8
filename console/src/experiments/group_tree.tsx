// The groups of an experiment as a tree of bars: each level tiles the one above it, a bar is as wide as its share of the buckets. What
// is wrong with the ranges is marked. A list says the same to those who cannot see it, and to all where a name does not fit its bar.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Mark } from "./draft";
import { allGroups, percent, type Group } from "./model";

const kRow = 46;
const kBar = 38;

interface Bar {
  group: Group;
  level: number;
  color: number; // of the group at the first level that it belongs to
}

function bars(groups: Group[], level = 0, color = -1): Bar[] {
  return groups.flatMap((group, index) => {
    const own = color < 0 ? index % 6 : color;
    return [{ group, level, color: own }, ...bars(group.groups ?? [], level + 1, own)];
  });
}

const share = (group: Group, buckets: number) => (100 * (group.last - group.first + 1)) / buckets;
const rangeText = (group: Group, buckets: number) => `${group.first}..${group.last} · ${percent(share(group, buckets))}`;

interface GroupTreeProps {
  groups: Group[];
  buckets: number;
  range?: { first: number; last: number }; // the buckets that are shown, where it is not all of them
  marks?: Mark[];
}

export function GroupTree({ groups, buckets, range, marks = [] }: GroupTreeProps) {
  const frame = useRef<HTMLElement>(null);
  const [width, setWidth] = useState(800); // in pixels: texts keep their size on a narrow page
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.max(200, Math.round(entry!.contentRect.width))));
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);
  const all = bars(groups);
  const levels = Math.max(1, ...all.map((bar) => bar.level + 1), ...marks.map((mark) => mark.level + 1));
  const { first, last } = range ?? { first: 0, last: buckets - 1 };
  const x = (bucket: number) => ((Math.min(Math.max(bucket, first), last + 1) - first) / (last + 1 - first)) * width;
  const nameFits = ({ group }: Bar) => x(group.last + 1) - x(group.first) > 8.5 * group.name.length + 16;
  return (
    <figure class="group-tree" ref={frame}>
      <svg width={width} height={levels * kRow} viewBox={`0 0 ${width} ${levels * kRow}`} aria-hidden="true">
        {all.map((bar, index) => {
          const { group, level, color } = bar;
          const left = x(group.first);
          const wide = x(group.last + 1) - left;
          const text = rangeText(group, buckets);
          return (
            <g key={index}>
              <title>{`${group.name}: buckets ${group.first} to ${group.last}`}</title>
              <rect class={`series-${color + 1} level-${Math.min(level, 3)}`} x={left + 1} y={level * kRow + 1} rx="4"
                    width={Math.max(1, wide - 2)} height={kBar} />
              {nameFits(bar) && (
                <text x={left + 9} y={level * kRow + 18} class="group-name">
                  {group.name}
                </text>
              )}
              {nameFits(bar) && wide > 6.6 * text.length + 14 && (
                <text x={left + 9} y={level * kRow + 33} class="group-range">
                  {text}
                </text>
              )}
            </g>
          );
        })}
        {marks.map((mark, index) => (
          <g key={index}>
            <title>{mark.text}</title>
            <rect class="mark" x={x(mark.first) + 1} y={mark.level * kRow + 1} rx="4" height={kBar}
                  width={Math.max(2, x(mark.last + 1) - x(mark.first) - 2)} />
          </g>
        ))}
      </svg>
      {marks.length > 0 && (
        <p class="field-error" role="alert">
          {marks.map((mark) => `${mark.text}.`).join(" ")}
        </p>
      )}
      <ul class={all.every(nameFits) ? "visually-hidden" : "group-list"}>
        {allGroups(groups).map((group, index) => (
          <li key={index}>
            {group.name}: buckets {group.first} to {group.last}, {percent(share(group, buckets))}
          </li>
        ))}
      </ul>
    </figure>
  );
}
