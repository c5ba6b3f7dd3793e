/** Everything about one incident: summary, reasons, records, plan. */
import { useCallback, useEffect, useState } from "react";
import { refresh, useResource } from "../../api/resource";
import { listen } from "../../api/stream";
import type { Incident } from "../../api/types";
import { useKeys } from "../../app/keys";
import { incidentAddress, navigate } from "../../app/router";
import { useMayAnswer } from "../../app/session";
import { announce } from "../../app/announce";
import { copyText } from "../../design/controls";
import { ErrorState, Panel, Skeleton } from "../../design/states";
import { Activity, EvidenceCurve } from "./activity";
import { AnswerDialog } from "./answer";
import { Answers } from "./answers";
import { Evidence } from "./evidence";
import { Facts } from "./facts";
import { Handling } from "./handling";
import { exportEvidence, Head } from "./head";
import { ContainmentPlan } from "./plan";
import { Records } from "./records";
import { RelatedAccounts } from "./related";
import { IncidentScope } from "./scope";
import { SigmaHits } from "./sigma";
import { SimilarIncidents } from "./similar";
import { StarredRecords } from "./stars";
import { Story } from "./story";
import { UsualVersusNow } from "./usual";
import "./incident.css";
import "./handling.css";
import "./response.css";

interface Props {
  id: string;
  /** Shown beside the queue: narrower, and with a link to its own page. */
  isBeside?: boolean;
  onAnswered?: (incident: Incident) => void;
}

export function IncidentView({ id, isBeside = false, onAnswered }: Props) {
  const path = `/api/incidents/${encodeURIComponent(id)}`;
  const { data: incident, error, reload } = useResource<Incident>(path);
  const mayAnswer = useMayAnswer();
  const [answering, setAnswering] = useState(false);

  useEffect(() => listen({ incident: (news) => news.id === id && refresh(path) }), [id, path]);

  // A grown incident has a new id; the old one still leads to it.
  useEffect(() => {
    if (!isBeside && incident && incident.id !== id) navigate(incidentAddress(incident.id), { replace: true });
  }, [isBeside, incident, id]);

  const answered = useCallback(
    (fresh: Incident) => {
      reload();
      refresh(`${path}/`);
      onAnswered?.(fresh);
    },
    [reload, path, onAnswered],
  );

  useKeys(
    incident
      ? [
          ...(mayAnswer ? [{ keys: "e", label: "Answer the incident", group: "Incident" as const, run: () => setAnswering(true) }] : []),
          {
            keys: "c",
            label: "Copy the reason",
            group: "Incident",
            run: () => void copyText(incident.text).then((done) => announce(done ? "Reason copied" : "The browser did not allow copying")),
          },
          { keys: "x", label: "Export the evidence", group: "Incident", run: () => exportEvidence(incident.id) },
        ]
      : [],
  );

  if (!incident) {
    return (
      <>
        {!isBeside && <h1 className="visually-hidden">Incident</h1>}
        {error ? <ErrorState error={error} onRetry={reload} /> : <Skeleton rows={12} height={26} />}
      </>
    );
  }
  return (
    <article className={`incident ${isBeside ? "is-beside" : ""}`} aria-label={incident.title}>
      <Head incident={incident} isBeside={isBeside} onAnswer={mayAnswer ? () => setAnswering(true) : undefined} />
      <Story incident={incident} />
      <div className="incident-body">
        <div className="incident-main">
          <Facts incident={incident} />
          <Evidence incident={incident} />
          <SigmaHits hits={incident.sigma} />
          <UsualVersusNow rows={incident.usual} />
          <Activity incident={incident} />
          <EvidenceCurve incident={incident} />
          <Records incident={incident} />
          <StarredRecords id={incident.id} />
          {mayAnswer && <IncidentScope id={incident.id} />}
        </div>
        <div className="incident-side">
          <Answers incident={incident} onChanged={answered} onAnswer={mayAnswer ? () => setAnswering(true) : undefined} />
          <ContainmentPlan id={incident.id} />
          <Handling id={incident.id} />
          <SimilarIncidents id={incident.id} />
          <RelatedAccounts id={incident.id} />
          {incident.severity_because.length > 0 && (
            <Panel title={`Severity: ${incident.severity}`}>
              <Notes notes={incident.severity_because} />
            </Panel>
          )}
          {incident.confidence_because.length > 0 && (
            <Panel title={incident.confidence ? `Confidence: a takeover is ${incident.confidence}` : "Confidence"}>
              <Notes notes={incident.confidence_because} />
            </Panel>
          )}
          {incident.statements.length > 0 && (
            <Panel title="What others say">
              <Notes notes={incident.statements} />
            </Panel>
          )}
          <Coverage notes={incident.coverage} />
        </div>
      </div>
      {answering && <AnswerDialog id={incident.id} onClose={() => setAnswering(false)} onAnswered={answered} />}
    </article>
  );
}

/** Coverage gaps: what the logs could not show. */
function Coverage({ notes }: { notes: readonly string[] }) {
  return (
    <Panel title="What the logs could not show">
      {notes.length === 0 ? (
        <p className="soft small">Nothing that is known to be missing.</p>
      ) : (
        <Notes notes={notes} />
      )}
    </Panel>
  );
}

/** Sentences in a list. */
function Notes({ notes }: { notes: readonly string[] }) {
  return (
    <ul className="coverage small">
      {notes.map((note) => (
        <li key={note} className="log-text">
          {note}
        </li>
      ))}
    </ul>
  );
}
