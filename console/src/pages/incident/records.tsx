/** The records of the incident, and each one in full as logged. */
import { usePages } from "../../api/resource";
import type { Incident, LogRecord } from "../../api/types";
import { useParameter } from "../../app/router";
import { Button } from "../../design/controls";
import { DoerMark } from "../../design/marks";
import { ErrorState, Panel, Skeleton } from "../../design/states";
import { number } from "../../words/numbers";
import { exact, moment } from "../../words/times";
import { RecordDrawer } from "../parts/record-drawer";
import { StarRecord } from "./star-record";

const PAGE_SIZE = 50;

export function Records({ incident }: { incident: Incident }) {
  const pages = usePages<LogRecord>(`/api/incidents/${encodeURIComponent(incident.id)}/records`, {}, PAGE_SIZE);
  const [chosen, setChosen] = useParameter("record");
  const at = pages.items.findIndex((record) => record.id === chosen);
  const total = pages.total ?? incident.events;
  return (
    <Panel
      title="Records"
      aside={
        <span className="small soft">
          {number(pages.items.length)} of {number(total)}
          {incident.events_not_listed > 0 && `, ${number(incident.events_not_listed)} more not listed`}
        </span>
      }
    >
      {pages.error && pages.items.length === 0 ? (
        <ErrorState error={pages.error} onRetry={pages.reload} />
      ) : pages.loading ? (
        <Skeleton rows={5} />
      ) : pages.items.length === 0 ? (
        <p className="soft small">The store no longer holds these records.</p>
      ) : (
        <RecordTable records={pages.items} onOpen={(record) => setChosen(record.id)} />
      )}
      {pages.hasMore && (
        <Button isSmall isDisabled={pages.loadingMore} onPress={pages.more}>
          {pages.loadingMore ? "Loading…" : "More records"}
        </Button>
      )}
      <RecordDrawer
        record={pages.items[at]}
        position={at < 0 ? "" : `${number(at + 1)} of ${number(total)}`}
        onClose={() => setChosen(null)}
        onStep={(by) => {
          const next = pages.items[at + by];
          if (next) setChosen(next.id);
        }}
        hasBefore={at > 0}
        hasAfter={at >= 0 && at < pages.items.length - 1}
        more={pages.items[at] && <StarRecord key={pages.items[at].id} incident={incident.id} record={pages.items[at]} />}
      />
    </Panel>
  );
}

/** A table of records; the time opens a record in full. */
export function RecordTable({ records, onOpen }: { records: readonly LogRecord[]; onOpen: (record: LogRecord) => void }) {
  return (
    <div className="table-scroll" role="region" aria-label="Records" tabIndex={0}>
      <table className="table records">
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">Whose</span>
            </th>
            <th scope="col">Time (UTC)</th>
            <th scope="col">Operation</th>
            <th scope="col">Application</th>
            <th scope="col">Network</th>
            <th scope="col">Address</th>
            <th scope="col" className="right">
              Items
            </th>
          </tr>
        </thead>
        <tbody>
          {records.map((record) => (
            <tr key={record.id} className="record" onClick={() => onOpen(record)}>
              <td>
                <DoerMark isIntruder={record.is_intruder} />
                <span className="visually-hidden">{record.is_intruder ? "intruder" : "own"}</span>
              </td>
              <td className="nowrap">
                <button type="button" className="record-open" title={exact(record.time)}>
                  {moment(record.time)}
                </button>
              </td>
              <td className="log-text">
                {record.activity}
                {record.status !== "success" && record.status !== "" && <span className="record-status"> {record.status}</span>}
              </td>
              <td className="log-text">{record.app_name || record.app || record.client}</td>
              <td className="log-text">
                {record.network} {record.country && <span className="soft">{record.country}</span>}
              </td>
              <td className="mono log-text">{record.ip}</td>
              <td className="right">{record.item_count === null ? "" : number(record.item_count)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
