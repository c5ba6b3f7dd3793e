/** What to do now: whom to call, what blocks, what to keep, which deadlines may run; looking through comes last. */
import type { Incident } from "../../api/types";
import { Button, CopyButton, download } from "../../design/controls";
import { Panel } from "../../design/states";

export function WhatToDo({ incident }: { incident: Incident }) {
  if (incident.now.length === 0) return null;
  return (
    <Panel title="What to do now">
      <p className="soft small">It {incident.began}.</p>
      <ol className="urgent">
        {incident.now.map((step) => (
          <li key={step.name}>
            <span className="log-text">{withCode(step.text)}</span>
            {step.commands.length > 0 && <Commands id={incident.id} commands={step.commands} />}
            {step.by_hand && (
              <p className="small">
                Or, only to block it, by hand: <code className="log-text">{step.by_hand}</code>
              </p>
            )}
          </li>
        ))}
      </ol>
      {incident.actions.length > 0 && (
        <details className="small">
          <summary>All steps</summary>
          <ol className="notes">
            {incident.actions.map((action) => (
              <li key={action}>{action}</li>
            ))}
          </ol>
        </details>
      )}
    </Panel>
  );
}

/** The plan as a file, and the command that applies it. */
function Commands({ id, commands }: { id: string; commands: readonly string[] }) {
  return (
    <div className="urgent-commands">
      <Button isSmall icon="download" onPress={() => download(`/api/incidents/${encodeURIComponent(id)}/plan.json`)}>
        Save plan.json
      </Button>
      <code className="log-text">{commands.join("\n")}</code>
      <CopyButton text={commands.join("\n")} label="Copy the command" />
    </div>
  );
}

/** The text with what stands between backticks as code. */
const withCode = (text: string) => text.split("`").map((part, at) => (at % 2 === 1 ? <code key={`${at} ${part}`}>{part}</code> : part));
