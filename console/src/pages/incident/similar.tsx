/** Earlier incidents that share something rare with this one, and what it is. */
import { useResource } from "../../api/resource";
import type { SimilarValues } from "../../api/types";
import { Link } from "../../app/link";
import { incidentAddress } from "../../app/router";
import { SeverityMark } from "../../design/marks";
import { Panel, Skeleton } from "../../design/states";
import { VERDICTS } from "../../words/names";
import { number } from "../../words/numbers";
import { day } from "../../words/times";

export function SimilarIncidents({ id }: { id: string }) {
  const { data, error, loading } = useResource<SimilarValues>(`/api/incidents/${encodeURIComponent(id)}/similar`);
  if (error) return null;
  return (
    <Panel title="Similar earlier incidents">
      {loading && <Skeleton rows={3} />}
      {data?.items.length === 0 && <p className="soft small">None of the {number(data.compared)} stored incidents shares anything rare with it.</p>}
      <ul className="similar">
        {data?.items.map(({ incident, answer, reasons }) => (
          <li key={incident.id}>
            <p className="shared-account small">
              <SeverityMark severity={incident.severity} />
              <Link className="clip log-text" href={incidentAddress(incident.id)}>
                {incident.account}
              </Link>
              <span className="soft nowrap">{day(incident.first_event)}</span>
            </p>
            <p className="small soft">{answer ? `Answered: ${VERDICTS[answer]}` : "Not answered"}</p>
            <ul className="coverage small">
              {reasons.map((reason) => (
                <li key={reason} className="log-text">
                  {reason}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
