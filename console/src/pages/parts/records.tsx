/** Log records as a virtual list; a key opens the raw record. */
import { useState, type ReactNode } from "react";
import { momentText } from "../../charts";
import type { Paged } from "../../api/resource";
import type { LogRecord } from "../../api/types";
import { DoerMark } from "../../design/marks";
import { number } from "../../words/numbers";
import { LongList, type Column } from "./long-list";
import { RecordDrawer } from "./record-drawer";
import "./records.css";

const COLUMNS: Column<LogRecord>[] = [
  {
    name: "Time, UTC",
    cell: (row) => (
      <span className="records-time">
        <DoerMark isIntruder={row.is_intruder} />
        <time dateTime={row.time}>{momentText(Date.parse(row.time))}</time>
        {row.is_intruder && <span className="visually-hidden">judged the intruder’s</span>}
      </span>
    ),
  },
  { name: "Operation", cell: (row) => <span className="clip log-text" title={row.activity ?? ""}>{row.activity || "–"}{row.status && row.status !== "success" ? <span className="soft"> · {row.status}</span> : null}</span> },
  { name: "Application", cell: (row) => <span className="clip log-text" title={row.app_name || row.app || ""}>{row.app_name || row.app || "–"}</span> },
  { name: "Client", cell: (row) => <span className="clip log-text" title={row.user_agent || row.client || ""}>{row.client || row.user_agent || "–"}</span> },
  { name: "Network", cell: (row) => <span className="clip log-text" title={[row.network, row.ip].filter(Boolean).join(" ")}>{[row.country, row.network || row.ip].filter(Boolean).join(" · ") || "–"}</span> },
];

interface RecordsProps {
  label: string;
  pages: Paged<LogRecord>;
  height?: string;
  empty: ReactNode;
}

export function Records({ label, pages, height = "560px", empty }: RecordsProps) {
  const [open, setOpen] = useState<string | null>(null);
  const at = open === null ? -1 : pages.items.findIndex((record) => record.id === open);
  const step = (by: number) => setOpen(pages.items[at + by]?.id ?? open);
  return (
    <>
      <LongList
        label={label}
        pages={pages}
        columns={COLUMNS}
        className="records-grid"
        keyOf={(row) => row.id}
        rowHeight={34}
        narrowHeight={64}
        height={height}
        noun={["record", "records"]}
        rowClass={(row) => (row.is_intruder ? "grid-row-theirs" : "")}
        onOpen={(record) => setOpen(record.id)}
        empty={empty}
      />
      <RecordDrawer
        record={pages.items[at]}
        position={at < 0 ? "" : pages.total === null ? number(at + 1) : `${number(at + 1)} of ${number(pages.total)}`}
        onClose={() => setOpen(null)}
        onStep={step}
        hasBefore={at > 0}
        hasAfter={at >= 0 && at < pages.items.length - 1}
      />
    </>
  );
}
