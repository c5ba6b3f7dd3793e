/** The head of an incident: account, summary, score, times, and possible actions. */
import type { ReactNode } from "react";
import type { Incident } from "../../api/types";
import { Link } from "../../app/link";
import { accountAddress, incidentAddress } from "../../app/router";
import { useSummary } from "../../app/session";
import { Button, CopyButton, download, Menu } from "../../design/controls";
import { Icon, SeverityLabel } from "../../design/marks";
import { kindName, nameParts, story, whose, withoutIds } from "../../words/incidents";
import { HISTORY, HISTORY_MEANS } from "../../words/history";
import { chanceWords, number, plural, score, scoreMeans } from "../../words/numbers";
import { VERDICTS } from "../../words/names";
import { exact, span } from "../../words/times";

/** Download the evidence ZIP, with times in UTC and in the given zone. */
export function exportEvidence(id: string, zone = "UTC"): void {
  download(`/api/incidents/${encodeURIComponent(id)}/evidence.zip?tz=${encodeURIComponent(zone)}`);
}

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

export function Head({ incident, isBeside, onAnswer }: { incident: Incident; isBeside: boolean; onAnswer: (() => void) | undefined }) {
  const { local, rest } = nameParts(whose(incident));
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const hasOrganisation = (useSummary()?.tenants.length ?? 0) > 1;
  const Heading = isBeside ? "h2" : "h1";
  const zones = [...new Set(["UTC", zone])];
  return (
    <header className="incident-head">
      <div className="incident-kind">
        <SeverityLabel severity={incident.severity} />
        <span className="soft">·</span>
        <span>{kindName(incident.kind)}</span>
        {!incident.raised && !incident.announced_at && <span className="tag">Candidate, below the budget</span>}
        {incident.history && (
          <span className="tag" title={HISTORY_MEANS}>
            {HISTORY}
          </span>
        )}
        {incident.answer && (
          <span className={`answer answer-${incident.answer}`}>
            <Icon name="check" />
            {VERDICTS[incident.answer]}
          </span>
        )}
        {isBeside && (
          <Link className="incident-open small" href={incidentAddress(incident.id)}>
            Open the page
          </Link>
        )}
      </div>
      <Heading className="incident-account log-text">
        <Link href={accountAddress(incident.tenant, incident.account)}>
          {local}
          <span className="soft">{rest}</span>
        </Link>
      </Heading>
      <p className="incident-verdict log-text" title={incident.summary}>
        {withoutIds(story(incident))}
      </p>
      <div className="incident-actions">
        {onAnswer && (
          <Button look="primary" icon="check" onPress={onAnswer}>
            {incident.answer ? "Answer again" : "Answer"}
          </Button>
        )}
        <CopyButton text={incident.text} label="Copy the reason" isSmall={false} />
        <Menu
          label="Export the evidence"
          look="plain"
          choices={zones.map((one) => ({ id: one, label: `ZIP, times in ${one}`, icon: "download", run: () => exportEvidence(incident.id, one) }))}
        >
          <Icon name="download" />
          Evidence
        </Menu>
        <CopyButton text={() => window.location.origin + incidentAddress(incident.id)} label="Link" isSmall={false} look="quiet" />
      </div>
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
    </header>
  );
}
