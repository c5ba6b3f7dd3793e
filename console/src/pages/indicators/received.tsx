/** Indicators that came from other organisations over TAXII. What they hit is a reason of an incident. */
import { useResource } from "../../api/resource";
import type { ReceivedPage, ReceivedRow } from "../../api/types";
import { Link } from "../../app/link";
import { Panel } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { exact, moment } from "../../words/times";
import { lookAddress } from "../look/subjects";

const SHOWN = 100;

export function ReceivedPanel() {
  const { data } = useResource<ReceivedPage>("/api/indicators/received", { limit: SHOWN });
  if (data === undefined || data.items.length === 0) return null; // also for somebody who may not see them
  return (
    <Panel title="From other organisations" aside={<span className="small soft">{number(data.total)}</span>}>
      <ul className="look-indicators">
        {data.items.map((one) => (
          <li key={`${one.source} ${one.id}`}>
            <p>
              {one.subjects.length === 0 && <span className="soft">a hash, matched with the group’s key</span>}
              {one.subjects.map((subject) => (
                <span key={subject}>
                  <Link className="log-text" href={lookAddress(subject)}>
                    {subject}
                  </Link>{" "}
                </span>
              ))}
            </p>
            <ReceivedLine one={one} />
          </li>
        ))}
      </ul>
      {data.total > data.items.length && <p className="small soft">{plural(data.total - data.items.length, "older indicator")} not shown here: seawall indicators list</p>}
    </Panel>
  );
}

function ReceivedLine({ one }: { one: ReceivedRow }) {
  const parts = [one.tlp && `TLP:${one.tlp.toUpperCase()}`, one.confidence !== null && `confidence ${one.confidence}`, one.name].filter(Boolean);
  return (
    <p className="small soft">
      <span className="log-text">{new URL(one.source).host}</span>, valid from{" "}
      <time dateTime={one.since} title={exact(one.since)}>
        {moment(one.since)} UTC
      </time>
      {one.until !== null && (
        <>
          {" "}
          to{" "}
          <time dateTime={one.until} title={exact(one.until)}>
            {moment(one.until)} UTC
          </time>
        </>
      )}
      {parts.length > 0 && <span className="log-text"> · {parts.join(" · ")}</span>}
    </p>
  );
}
