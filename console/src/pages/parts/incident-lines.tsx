/** Incidents as short lines that link to them. */
import type { IncidentRow } from "../../api/types";
import { Link } from "../../app/link";
import { incidentAddress } from "../../app/router";
import { SeverityMark } from "../../design/marks";
import { kindName, verdict, whose, withoutIds } from "../../words/incidents";
import { HISTORY, HISTORY_MEANS } from "../../words/history";
import { VERDICTS } from "../../words/names";
import { span } from "../../words/times";
import "./page.css";

export function IncidentLines({ incidents, label, withAccount = true }: { incidents: readonly IncidentRow[]; label: string; withAccount?: boolean }) {
  return (
    <ul className="incident-list" aria-label={label}>
      {incidents.map((incident) => (
        <li key={incident.id}>
          <Link className="incident-line" href={incidentAddress(incident.id)}>
            <SeverityMark severity={incident.severity} />
            <span className="incident-line-title log-text">{withAccount ? whose(incident) : kindName(incident.kind)}</span>
            <span className="incident-line-where">
              <span className="log-text">
                {withAccount && `${kindName(incident.kind)}: `}
                {withoutIds(verdict(incident))}
              </span>{" "}
              · <span className="nowrap">{span(incident.first_event, incident.last_event)} UTC</span>
              {incident.answer ? ` · ${VERDICTS[incident.answer]}` : incident.raised ? "" : " · below the budget"}
              {incident.history && (
                <>
                  {" "}
                  · <span title={HISTORY_MEANS}>{HISTORY.toLowerCase()}</span>
                </>
              )}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
