// The groups of an experiment as a tree of bars: each level tiles the one above it, a bar is as wide as its share of the buckets. A
// list for those who cannot see it says the same.
import { allGroups, percent, type Group } from "./model";

const kWidth = 800;
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

export function GroupTree({ groups, buckets }: { groups: Group[]; buckets: number }) {
  const all = bars(groups);
  const levels = Math.max(1, ...all.map((bar) => bar.level + 1));
  return (
    <figure class="group-tree">
      <div class="group-tree-frame" tabIndex={0} role="region" aria-label="Groups as ranges of buckets">
        <svg viewBox={`0 0 ${kWidth} ${levels * kRow}`} style={{ minWidth: "32rem" }} aria-hidden="true">
          {all.map(({ group, level, color }) => {
            const x = (group.first / buckets) * kWidth;
            const width = ((group.last - group.first + 1) / buckets) * kWidth;
            const fits = width > 9 * group.name.length + 12;
            return (
              <g key={group.name}>
                <title>{`${group.name}: buckets ${group.first} to ${group.last}`}</title>
                <rect class={`series-${color + 1} level-${Math.min(level, 3)}`} x={x + 1} y={level * kRow} rx="4"
                      width={Math.max(1, width - 2)} height={kBar} />
                {fits && (
                  <text x={x + 10} y={level * kRow + 17} class="group-name">
                    {group.name}
                  </text>
                )}
                {fits && width > 110 && (
                  <text x={x + 10} y={level * kRow + 32} class="group-range">
                    {`${group.first}..${group.last} · ${percent(share(group, buckets))}`}
                  </text>
                )}
              </g>
            );
          })}
        </svg>
      </div>
      <ul class="visually-hidden">
        {allGroups(groups).map((group) => (
          <li key={group.name}>
            {group.name}: buckets {group.first} to {group.last}, {percent(share(group, buckets))}
          </li>
        ))}
      </ul>
    </figure>
  );
}
