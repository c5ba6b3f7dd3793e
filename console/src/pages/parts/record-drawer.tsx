/** A record in full: its main facts, and the whole normalised record. Everything is shown as plain text. */
import { useState, type ReactNode } from "react";
import type { LogRecord } from "../../api/types";
import { Button, CopyButton, Dialog } from "../../design/controls";
import { DoerMark } from "../../design/marks";
import { number } from "../../words/numbers";
import { exact } from "../../words/times";
import { Link } from "../../app/link";
import { LinkedRecord } from "../look/linked-record";
import { linksOf } from "../look/subjects";
import { RecordAsItCame } from "./record-as-it-came";
import "./record-drawer.css";

interface DrawerProps {
  record: LogRecord | undefined;
  /** Position for the title: "3 of 120". */
  position: string;
  onClose: () => void;
  onStep: (by: number) => void;
  hasBefore: boolean;
  hasAfter: boolean;
  /** What else can be done with the record. */
  more?: ReactNode;
}

const textOf = (value: unknown) => (typeof value === "string" ? value : null);

const FACTS: [name: string, read: (record: LogRecord) => string | null][] = [
  ["Time", (record) => exact(record.time)],
  ["Operation", (record) => record.activity],
  ["Status", (record) => [record.status, record.status_code].filter((part) => part !== null && part !== "").join(" ")],
  ["Account", (record) => record.account],
  ["Mailbox", (record) => record.mailbox],
  ["Application", (record) => [record.app_name, record.app].filter(Boolean).join(" · ")],
  ["Client", (record) => record.client],
  ["User agent", (record) => record.user_agent],
  ["Address", (record) => record.ip],
  ["Network", (record) => record.network],
  ["Country", (record) => record.country],
  ["Session", (record) => record.session],
  ["Token", (record) => record.token],
  ["Device", (record) => textOf(record.raw.device_uid)],
  ["Key", (record) => textOf(record.raw.key_uid)],
  ["Folder", (record) => record.folder],
  ["Access", (record) => record.access_type],
  ["File", (record) => (record.source_file ? `${record.source_file}${record.source_line === null ? "" : `, line ${number(record.source_line)}`}` : "")],
];

/** Say where to find the original record: Seawall stores fields, not lines. */
function originalWords({ source_file: file, source_line: line }: LogRecord): string {
  const place = file ? ` It was read from ${file}${line === null ? "" : `, line ${number(line)}`}.` : "";
  return `Seawall’s fields, not the log’s own text.${place}`;
}

export function RecordDrawer({ record, position, onClose, onStep, hasBefore, hasAfter, more }: DrawerProps) {
  const [isWrapped, setWrapped] = useState(true);
  const links = record ? linksOf(record) : {};
  const raw = record ? JSON.stringify(record.raw, null, 2) : "";
  return (
    <Dialog
      title={record ? `Record ${position}` : "Record"}
      look="drawer"
      isOpen={record !== undefined}
      onClose={onClose}
      foot={
        <>
          <Button icon="left" isDisabled={!hasBefore} onPress={() => onStep(-1)}>
            Before
          </Button>
          <Button icon="right" isDisabled={!hasAfter} onPress={() => onStep(1)}>
            After
          </Button>
        </>
      }
    >
      {record && (
        <div
          onKeyDown={(event) => {
            if (event.key === "j" && hasAfter) onStep(1);
            if (event.key === "k" && hasBefore) onStep(-1);
          }}
        >
          <p className="record-whose small">
            <DoerMark isIntruder={record.is_intruder} />
            {record.is_intruder ? "Judged the intruder’s" : "Judged the account’s own"}
          </p>
          <dl className="record-facts small">
            {FACTS.map(([name, read]) => {
              const value = read(record);
              return value === null || value === "" ? null : (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd className="log-text">{links[name] ? <Link href={links[name]}>{value}</Link> : value}</dd>
                </div>
              );
            })}
          </dl>
          {more}
          <div className="raw-head">
            <h3>Normalised record</h3>
            <span>
              <Button look="quiet" isSmall onPress={() => setWrapped(!isWrapped)}>
                {isWrapped ? "Do not wrap" : "Wrap"}
              </Button>
              <CopyButton text={raw} />
            </span>
          </div>
          <p className="small soft log-text">{originalWords(record)}</p>
          <pre className={`raw ${isWrapped ? "is-wrapped" : ""}`} tabIndex={0} aria-label="Normalised record">
            <LinkedRecord text={raw} />
          </pre>
          <RecordAsItCame key={`${record.id} ${record.time}`} record={record} isWrapped={isWrapped} />
        </div>
      )}
    </Dialog>
  );
}
