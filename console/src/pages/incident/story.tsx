/** What the intruder did, line by line, what is left behind, and what to do now. */
import { useState } from "react";
import type { Incident, StoryLine } from "../../api/types";
import { Button } from "../../design/controls";
import { Panel } from "../../design/states";
import { AttackPanel } from "./attack";
import { plural } from "../../words/numbers";
import { exact } from "../../words/times";
import { WhatToDo } from "./now";

function Acts({ lines }: { lines: readonly StoryLine[] }) {
  return (
    <ol className="story">
      {lines.map((line) => (
        <li key={`${line.time} ${line.sentence}`}>
          <time className="soft numbers" dateTime={line.time} title={`${exact(line.time)} to ${exact(line.end)}`}>
            {line.when}
          </time>
          <span className="log-text" title={plural(line.records, "record")}>
            {line.sentence}
          </span>
        </li>
      ))}
    </ol>
  );
}

/** What happened in one account, beside what to do; below the attack that it belongs to, what happened in all of its accounts. */
export function Story({ incident }: { incident: Incident }) {
  if (incident.attack === "") {
    return (
      <div className="told">
        <OwnActs incident={incident} title="What happened, UTC" />
        <WhatToDo incident={incident} />
      </div>
    );
  }
  return (
    <>
      <div className="told">
        <AttackPanel id={incident.id} />
        <WhatToDo incident={incident} />
      </div>
      <OwnActs incident={incident} title="What happened in this incident, UTC" />
    </>
  );
}

function OwnActs({ incident, title }: { incident: Incident; title: string }) {
  const [isOpen, setOpen] = useState(false);
  const more = incident.story.filter((line) => !line.key).length;
  if (incident.story.length === 0) return null;
  return (
    <Panel title={title}>
      <Acts lines={isOpen ? incident.story : incident.story.filter((line) => line.key)} />
      {more > 0 && (
        <Button look="quiet" onPress={() => setOpen(!isOpen)}>
          {isOpen ? "Show less" : `and ${plural(more, "more act")}`}
        </Button>
      )}
      {incident.left_behind.length > 0 && (
        <p className="log-text">
          <b>Left behind:</b> {incident.left_behind.join("; ")}.
        </p>
      )}
    </Panel>
  );
}
