/** The empty queue: no logs yet, nothing raised, or no match. */
import type { Summary } from "../../api/types";
import { useSession } from "../../app/session";
import { Button, CopyButton } from "../../design/controls";
import { EmptyState } from "../../design/states";
import { plural } from "../../words/numbers";
import { filterBy, isFiltered, type QueueState } from "./state";

function Command({ text, children }: { text: string; children: string }) {
  return (
    <li className="command">
      <span className="small soft">{children}</span>
      <div>
        <code>{text}</code>
        <CopyButton text={text} look="quiet" />
      </div>
    </li>
  );
}

/** Nothing was ever read: explain how to deliver logs. */
export function NoLogs() {
  const { demo, may_drop: mayDrop } = useSession();
  if (demo) {
    return (
      <EmptyState icon="clock" title="The demo’s logs are arriving">
        <p>A made-up organisation lives through weeks in a minute. Incidents appear here by themselves.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon="queue" title="No logs yet">
      <p>
        Seawall has read nothing so far. {mayDrop && "Drag an exported CSV, JSON or ZIP onto this page. "}
        Show it where your collector drops files, or send it records.
      </p>
      <ul className="commands">
        <Command text="seawall serve /var/log/m365">Follow a folder</Command>
        <Command text={`curl -H "Authorization: Bearer …" --data-binary @audit.jsonl ${window.location.origin}/api/ingest`}>Send records (the token is made in Settings)</Command>
        <Command text="seawall serve --demo">See a made-up organisation, live</Command>
      </ul>
    </EmptyState>
  );
}

interface NothingProps {
  state: QueueState;
  summary: Summary | undefined;
  /** Logs are still being read or scored. */
  isPartial: boolean;
  /** Stored events have no verdict. */
  isUnjudged: boolean;
}

export function NothingHere({ state, summary, isPartial, isUnjudged }: NothingProps) {
  if (isFiltered(state)) {
    return (
      <EmptyState icon="filter" title="Nothing matches">
        <p>No incident of this queue has all of that.</p>
        <Button onPress={() => filterBy({ q: null, severity: null, tenant: null })}>Clear the filters</Button>
      </EmptyState>
    );
  }
  if (isPartial) {
    return (
      <EmptyState icon="clock" title="Nothing so far">
        <p>The logs are still being read and scored. Incidents appear here by themselves.</p>
      </EmptyState>
    );
  }
  if (isUnjudged) {
    return (
      <EmptyState icon="clock" title="Not judged yet">
        <p>Nothing is in this list so far. Stored events are not judged, so that incidents may be missing here.</p>
      </EmptyState>
    );
  }
  if (state.queue !== "open") return <EmptyState title={state.queue === "answered" ? "Nothing is answered yet" : "Nothing here"} />;
  return (
    <EmptyState title={summary && summary.answered > 0 ? "Everything is answered" : "Nothing stands out"}>
      <p>
        {summary && summary.accounts > 0 ? `${plural(summary.accounts, "account")} watched. ` : ""}
        What the budget does not let through is kept as candidates.
      </p>
      <Button onPress={() => filterBy({ queue: "candidates" })}>Show the candidates</Button>
    </EmptyState>
  );
}

/** Warn that the list is incomplete while a backlog is read. */
export function Backlog({ words }: { words: string }) {
  return (
    <div className="backlog small" role="status">
      <span className="backlog-mark" aria-hidden="true" />
      <span>
        {words}. <span className="soft">What is shown is what was found so far.</span>
      </span>
    </div>
  );
}
