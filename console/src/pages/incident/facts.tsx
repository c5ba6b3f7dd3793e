/** The facts of an incident in numbers: score, chance, times, messages, mailboxes. */
import type { ReactNode } from "react";
import type { Incident } from "../../api/types";
import { useSummary } from "../../app/session";
import { Panel } from "../../design/states";
import { chanceWords, number, plural, score, scoreMeans } from "../../words/numbers";
import { exact, span } from "../../words/times";

function Fact({ name, title, children }: { name: string; title?: string | undefined; children: ReactNode }) {
  return (
    <div className="fact" title={title}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Format `300 read, 512 possibly`. */
function messagesWords({ proved, possible }: Incident["messages"]): string {
  if (proved > 0 && possible > proved) return `${number(proved)} proved, up to ${number(possible)}`;
  if (proved > 0) return `${number(proved)} proved`;
  return possible > 0 ? `up to ${number(possible)}` : "none seen";
}

export function Facts({ incident }: { incident: Incident }) {
  const hasOrganisation = (useSummary()?.tenants.length ?? 0) > 1;
  return (
    <Panel title="Facts">
      <dl className="incident-facts">
        <Fact name="Score" title={scoreMeans(incident.chance)}>
          <b className="numbers">{score(incident.score)}</b>
          <span className="soft"> log-odds{incident.threshold !== null && `, raised from ${score(incident.threshold)}`}</span>
        </Fact>
        <Fact name="Chance" title={scoreMeans(incident.chance)}>
          {chanceWords(incident.chance)}
        </Fact>
        <Fact name="From – to (UTC)" title={`${exact(incident.first_event)} to ${exact(incident.last_event)}`}>
          {span(incident.first_event, incident.last_event)}
        </Fact>
        {incident.detected_at && (
          <Fact name="Crossed the threshold" title={exact(incident.detected_at)}>
            {span(incident.detected_at, incident.detected_at)}
          </Fact>
        )}
        <Fact name="Messages read">{messagesWords(incident.messages)}</Fact>
        {incident.sessions && <Fact name="Sessions in which mail was read, by how they began">{incident.sessions}</Fact>}
        <Fact name="Mailboxes" title={incident.mailbox_names.join(", ")}>
          {incident.mailboxes === 1 && incident.mailbox_names[0] !== incident.account ? <span className="log-text">{incident.mailbox_names[0]}</span> : number(incident.mailboxes)}
        </Fact>
        <Fact name="Records">{plural(incident.events, "record")}</Fact>
        {incident.technique && <Fact name="Technique">{incident.technique}</Fact>}
        {hasOrganisation && (
          <Fact name="Organisation">
            <span className="log-text">{incident.tenant}</span>
          </Fact>
        )}
      </dl>
    </Panel>
  );
}
