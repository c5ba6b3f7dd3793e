/** One record of the log: what was understood of it, and the record itself, word for word. */
import { momentText } from "../../charts";
import type { LogRecord } from "../../api/types";
import { CopyButton, Dialog } from "../../design/controls";
import { DoerMark } from "../../design/marks";
import "./record-drawer.css";

const FIELDS: readonly (readonly [name: string, value: (record: LogRecord) => string | number | null])[] = [
  ["Time", (record) => `${momentText(Date.parse(record.time))} UTC`],
  ["Operation", (record) => record.activity],
  ["Outcome", (record) => [record.status, record.status_code].filter((part) => part !== null && part !== "").join(" · ")],
  ["Account", (record) => record.account],
  ["Mailbox", (record) => (record.mailbox === record.account ? "" : record.mailbox)],
  ["Application", (record) => [record.app_name, record.app].filter(Boolean).join(" · ")],
  ["Client", (record) => record.client],
  ["User agent", (record) => record.user_agent],
  ["Address", (record) => record.ip],
  ["Network", (record) => [record.network, record.country].filter(Boolean).join(" · ")],
  ["Session", (record) => record.session],
  ["Token", (record) => record.token],
  ["Access", (record) => record.access_type],
  ["Folder", (record) => record.folder],
  ["Items", (record) => record.item_count],
  ["Source", (record) => record.source],
  ["File and line", (record) => (record.source_file ? `${record.source_file}:${record.source_line}` : "")],
  ["Record id", (record) => record.id],
];

interface RecordDrawerProps {
  /** The record to show; null closes the drawer. */
  record: LogRecord | null;
  onClose: () => void;
}

export function RecordDrawer({ record, onClose }: RecordDrawerProps) {
  const raw = record === null ? "" : JSON.stringify(record.raw, null, 2);
  return (
    <Dialog title="Record" look="drawer" isOpen={record !== null} onClose={onClose} foot={<CopyButton text={raw} label="Copy the raw record" isSmall={false} />}>
      {record === null ? null : (
        <div className="record">
          <p className={record.is_intruder ? "record-doer record-theirs" : "record-doer"}>
            <DoerMark isIntruder={record.is_intruder} />
            {record.is_intruder ? "Judged the intruder’s" : "The account’s own"}
          </p>
          <dl className="record-fields">
            {FIELDS.map(([name, value]) => {
              const shown = value(record);
              return shown === null || shown === "" ? null : (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd className="log-text">{String(shown)}</dd>
                </div>
              );
            })}
          </dl>
          <h3 id="record-raw">The record itself</h3>
          <pre className="record-raw log-text" tabIndex={0} role="region" aria-labelledby="record-raw">
            {raw}
          </pre>
        </div>
      )}
    </Dialog>
  );
}
