// Splitting a group of an experiment that has run: its parts keep its values until the plan gives them others.
import { useState } from "preact/hooks";
import { Field } from "../components/field";
import { Act } from "./act";
import { allDraftGroups, readGroups, splitInTwo, tilingMarks, type DraftGroup } from "./draft";
import { GroupEditor } from "./group_editor";
import { GroupTree } from "./group_tree";
import { allGroups, type Experiment, type Group } from "./model";

interface SplitGroupProps {
  experiment: Experiment;
  onDone: () => void;
  onClose: () => void;
}

const asDraft = (group: Group) => ({ key: 0, name: group.name, first: String(group.first), last: String(group.last), parts: [] });

// The groups that can be split: those without parts, of more than one bucket.
export function splittable(experiment: Experiment): Group[] {
  return allGroups(experiment.groups).filter((group) => !group.groups && group.last > group.first);
}

export function SplitGroup({ experiment, onDone, onClose }: SplitGroupProps) {
  const choices = splittable(experiment);
  const [group, setGroup] = useState(choices[0]!);
  const [parts, setParts] = useState<DraftGroup[]>(() => splitInTwo(asDraft(group)));
  const into = readGroups(parts);
  const marks = tilingMarks(into, group.first, group.last, 1);
  const choose = (name: string) => {
    const chosen = choices.find((each) => each.name === name)!;
    setGroup(chosen);
    setParts(splitInTwo(asDraft(chosen)));
  };
  const taken = new Set(allGroups(experiment.groups).map((each) => each.name));
  const errorAt = (place: string) => {
    const part = allDraftGroups(parts).find((each) => place === `group ${each.key}`);
    return part && taken.has(part.name) ? `there is a group ${part.name}` : undefined;
  };
  return (
    <Act version={experiment.version} onDone={onDone} onClose={onClose}
         action={{
           title: `Split a group of ${experiment.name}`, button: `Split ${group.name}`, method: "POST",
           path: `/v1/experiments/${encodeURIComponent(experiment.name)}/split`, body: { group: group.name, into },
           explain: (
             <div class="stack">
               <p>Nobody changes value: the parts inherit. A new epoch begins.</p>
               <Field label="Group to split">
                 {(attributes) => (
                   <select {...attributes} value={group.name} onChange={(event) => choose(event.currentTarget.value)}>
                     {choices.map((each) => (
                       <option key={each.name} value={each.name}>{`${each.name}, ${each.first}..${each.last}`}</option>
                     ))}
                   </select>
                 )}
               </Field>
               <GroupTree groups={[{ ...group, groups: into }]} buckets={experiment.buckets} range={group} marks={marks} />
               <GroupEditor key={group.name} groups={parts} first={group.first} last={group.last} parent={group.name} flat errorAt={errorAt} onChange={setParts} />
             </div>
           ),
         }} />
  );
}
