/** Usual and present values: field by field, what the account shows on other days and in this incident. */
import { useState } from "react";
import type { Usual } from "../../api/types";
import { DoerMark } from "../../design/marks";
import { Panel } from "../../design/states";
import { withoutIds } from "../../words/incidents";
import { daysWords, peersWords, percent, plural } from "../../words/numbers";

export function UsualVersusNow({ rows }: { rows: readonly Usual[] }) {
  const [isWhole, setWhole] = useState(false);
  if (rows.length === 0) return null;
  const unusual = rows.filter((row) => row.is_unusual);
  const others = rows.filter((row) => !row.is_unusual);
  const sorted = isWhole || unusual.length === 0 ? [...unusual, ...others] : unusual;
  return (
    <Panel
      title="Usual and now"
      aside={
        <span className="legend small soft">
          <span>
            <DoerMark isIntruder /> unusual
          </span>
          <span>
            <DoerMark isIntruder={false} /> usual
          </span>
        </span>
      }
    >
      <div className="table-scroll" role="region" aria-label="Usual and now" tabIndex={0}>
        <table className="table usual">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Now</th>
              <th scope="col">Usually</th>
              <th scope="col" className="right">
                Days seen
              </th>
              <th scope="col" className="right">
                Peers
              </th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((row) => (
              <tr key={row.aspect} className={row.is_unusual ? "is-unusual" : ""}>
                <th scope="row">
                  <span className="usual-field">
                    <DoerMark isIntruder={row.is_unusual} />
                    {row.words}
                    <span className="visually-hidden">{row.is_unusual ? " (unusual)" : " (usual)"}</span>
                  </span>
                </th>
                <td className="usual-now log-text" title={[row.now, row.normal_if].filter(Boolean).join("\n")}>
                  {withoutIds(row.now)}
                </td>
                <td>
                  <Shares values={row.usual} />
                </td>
                <td className="right">{daysWords(row.seen_days, row.active_days)}</td>
                <td className="right">{peersWords(row.peers_with, row.peers)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {unusual.length > 0 && others.length > 0 && (
        <button type="button" className="unfold small" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show the unusual fields alone" : `Show ${plural(others.length, "usual field")} as well`}
        </button>
      )}
    </Panel>
  );
}

function Shares({ values }: { values: Usual["usual"] }) {
  if (values.length === 0) return <span className="soft">nothing yet</span>;
  return (
    <ul className="shares">
      {values.slice(0, 3).map(([value, share]) => (
        <li key={value} title={value}>
          <span className="share-bar" aria-hidden="true">
            <i style={{ width: `${Math.min(100, share * 100)}%` }} />
          </span>
          <span className="share-value clip log-text">{withoutIds(value)}</span>
          <span className="soft nowrap">{percent(share)}</span>
        </li>
      ))}
    </ul>
  );
}
