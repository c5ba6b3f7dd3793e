/** What the intruder did, line by line, what is left behind, and what to do now. */
import { useState } from "react";
import type { Incident, StoryLine } from "../../api/types";
import { Button } from "../../design/controls";
import { Panel } from "../../design/states";
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

export function Story({ incident }: { incident: Incident }) {
  const [isOpen, setOpen] = useState(false);
  const more = incident.story.filter((line) => !line.key).length;
    return (
    <div className="told">
      {incident.story.length > 0 && (
        <Panel title="What happened, UTC">
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
      )}
      <WhatToDo incident={incident} />
    </div>
  );
}
