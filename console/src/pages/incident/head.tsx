/** The head of an incident: account, summary, how bad and how sure it is, and possible actions. */
import type { Incident } from "../../api/types";
import { withBase } from "../../app/base";
import { Link } from "../../app/link";
import { accountAddress, incidentAddress } from "../../app/router";
import { Button, CopyButton, download, Menu } from "../../design/controls";
import { Icon, SeverityLabel } from "../../design/marks";
import { kindName, nameParts, story, whose, withoutIds } from "../../words/incidents";
import { HISTORY, HISTORY_MEANS } from "../../words/history";
import { upperFirst } from "../../words/numbers";
import { VERDICTS } from "../../words/names";

/** Download the evidence ZIP, with times in UTC and in the given zone. */
export function exportEvidence(id: string, zone = "UTC"): void {
  download(`/api/incidents/${encodeURIComponent(id)}/evidence.zip?tz=${encodeURIComponent(zone)}`);
}

/** Whether an answer says that nobody else used the account. */
const isClosed = (incident: Incident) => incident.answer === "safe" || incident.answer === "expected-change";

export function Head({ incident, isBeside, onAnswer }: { incident: Incident; isBeside: boolean; onAnswer: (() => void) | undefined }) {
  const { local, rest } = nameParts(whose(incident));
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const Heading = isBeside ? "h2" : "h1";
  const zones = [...new Set(["UTC", zone])];
  return (
    <header className="incident-head">
      <div className="incident-kind">
        {isClosed(incident) ? <span className="soft">Answered; severity as found: {incident.severity}</span> : <SeverityLabel severity={incident.severity} />}
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
      {(incident.severity_text || incident.confidence_text) && (
        <dl className="incident-judged small">
          {incident.severity_text && (
            <div>
              <dt>Severity</dt>
              <dd className="log-text">{incident.severity_text}</dd>
            </div>
          )}
          {incident.confidence_text && (
            <div>
              <dt>Confidence</dt>
              <dd className="log-text">{upperFirst(incident.confidence_text)}</dd>
            </div>
          )}
        </dl>
      )}
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
        <CopyButton text={() => window.location.origin + withBase(incidentAddress(incident.id))} label="Link" isSmall={false} look="quiet" />
      </div>
    </header>
  );
}
