/** The Sigma rules that matched records of the incident. */
import type { SigmaHit } from "../../api/types";
import { Link } from "../../app/link";
import { Panel } from "../../design/states";
import { plural } from "../../words/numbers";
import { lookAddress } from "../look/subjects";

export function SigmaHits({ hits }: { hits: readonly SigmaHit[] }) {
  if (hits.length === 0) return null;
  return (
    <Panel title="Sigma rules that hit">
      <ul className="sigma">
        {hits.map((hit, place) => (
          <li key={`${place} ${hit.title}`}>
            <p className="log-text">
              <Link href={lookAddress(`rule:${hit.title}`)}>{hit.title}</Link> <span className={`tag ${hit.level === "high" || hit.level === "critical" ? "tag-now" : ""}`}>{hit.level}</span>
            </p>
            <p className="small soft log-text">
              {hit.technique && `${hit.technique} · `}
              {plural(hit.events, "record")}
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
