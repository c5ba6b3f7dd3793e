/** Related incidents: other accounts that share a rare value, and incidents of the same family. */
import { useResource } from "../../api/resource";
import type { Related } from "../../api/types";
import { Link } from "../../app/link";
import { accountAddress, incidentAddress, searchAddress } from "../../app/router";
import { SeverityMark } from "../../design/marks";
import { Panel, Skeleton } from "../../design/states";
import { kindName } from "../../words/incidents";
import { aspectName } from "../../words/names";
import { plural, score } from "../../words/numbers";
import { span } from "../../words/times";

export function RelatedAccounts({ id }: { id: string }) {
  const { data, error, loading } = useResource<Related>(`/api/incidents/${encodeURIComponent(id)}/related`);
  if (error) return null;
  const isAlone = data !== undefined && data.shared.length === 0 && data.incidents.length === 0;
  return (
    <Panel title="Related accounts">
      {loading && <Skeleton rows={3} />}
      {isAlone && <p className="soft small">No other account shares a rare network, application or client with it.</p>}
      {data?.shared.map((group) => (
        <section key={`${group.key} ${group.value}`} className="shared">
          <h3 className="small">
            <span className="soft">{aspectName(group.key)}</span>{" "}
            <Link className="log-text" href={searchAddress(`${group.key}:"${group.value.replaceAll('"', "")}"`)}>
              {group.value}
            </Link>
          </h3>
          <ul>
            {group.accounts.map((other) => (
              <li key={`${other.tenant} ${other.account}`} className="shared-account small">
                <Link className="clip log-text" href={other.incident ? incidentAddress(other.incident) : accountAddress(other.tenant, other.account)}>
                  {other.account}
                </Link>
                <span className="soft nowrap numbers">
                  {other.score !== null ? `score ${score(other.score)}` : plural(other.events, "record")}
                </span>
              </li>
            ))}
          </ul>
        </section>
      ))}
      {data !== undefined && data.incidents.length > 0 && (
        <section className="shared">
          <h3 className="small soft">Same campaign{data.family ? ` · ${data.family}` : ""}</h3>
          <ul>
            {data.incidents.map((row) => (
              <li key={row.id} className="shared-account small">
                <SeverityMark severity={row.severity} />
                <Link className="clip log-text" href={incidentAddress(row.id)}>
                  {row.account}
                </Link>
                <span className="soft nowrap">{kindName(row.kind)}</span>
              </li>
            ))}
          </ul>
        </section>
      )}
      {data !== undefined && (
        <p className="soft tiny">
          Accounts without an incident were looked for from {span(data.looked_from, data.looked_to)} UTC
          {data.is_cut && ", not over the whole incident: it is longer"}.
        </p>
      )}
    </Panel>
  );
}
