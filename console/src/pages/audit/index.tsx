/** The audit trail. Each entry contains the digest of the one before, so that a change is detected. */
import { useState } from "react";
import { usePages, useResource } from "../../api/resource";
import type { AuditEntry, AuditVerdict } from "../../api/types";
import { momentText } from "../../charts";
import { Button, CopyButton, Dialog } from "../../design/controls";
import { Icon } from "../../design/marks";
import { EmptyState, ErrorState } from "../../design/states";
import { plural } from "../../words/numbers";
import { LongList, type Column } from "../parts/long-list";
import { Page } from "../parts/page";
import "../parts/record-drawer.css";
import "./audit.css";

const COLUMNS: Column<AuditEntry>[] = [
  { name: "Number", cell: (entry) => <span className="soft numbers">{entry.sequence}</span> },
  { name: "Time, UTC", cell: (entry) => <time dateTime={entry.at}>{momentText(Date.parse(entry.at))}</time> },
  { name: "Who", cell: (entry) => <b className="clip log-text" title={entry.actor}>{entry.actor}</b> },
  { name: "What", cell: (entry) => <span className="clip log-text">{entry.action}</span> },
  { name: "Subject", cell: (entry) => <span className="clip log-text" title={entry.subject}>{entry.subject}</span> },
  { name: "Digest", cell: (entry) => <code className="soft">{entry.digest.slice(0, 10)}…</code> },
];

export default function AuditPage() {
  const pages = usePages<AuditEntry>("/api/audit", {}, 200);
  const verdict = useResource<AuditVerdict>("/api/audit/verify");
  const [open, setOpen] = useState<AuditEntry | null>(null);
  if (verdict.error?.status === 403 || pages.error?.status === 403) {
    return (
      <EmptyState icon="shield" title="The trail is for admins">
        <p>Everything that you do is in it all the same.</p>
      </EmptyState>
    );
  }
  return (
    <Page title="Audit trail" about="Every sign-in, answer and setting, and whose records were read, in order. Nothing in it can be changed or taken out without breaking the chain.">
      <Chain verdict={verdict.data} isBusy={verdict.loading || verdict.refreshing} onAgain={verdict.reload} />
      {verdict.error && verdict.data === undefined && <ErrorState error={verdict.error} onRetry={verdict.reload} />}
      <section className="panel" aria-label="Entries">
        <LongList
          label="Audit trail, newest first"
          pages={pages}
          columns={COLUMNS}
          className="audit-grid"
          keyOf={(entry) => String(entry.sequence)}
          rowHeight={36}
          narrowHeight={58}
          height="max(320px, calc(100dvh - 360px))"
          noun={["entry", "entries"]}
          onOpen={setOpen}
          empty={
            <EmptyState icon="audit" title="Nothing was done yet">
              <p>The first answer or sign-in begins the trail.</p>
            </EmptyState>
          }
        />
      </section>
      <Entry entry={open} onClose={() => setOpen(null)} />
    </Page>
  );
}

function Chain({ verdict, isBusy, onAgain }: { verdict: AuditVerdict | undefined; isBusy: boolean; onAgain: () => void }) {
  if (verdict === undefined) {
    return isBusy ? (
      <div className="chain" role="status">
        <Icon name="shield" />
        <div>Computing every digest anew…</div>
      </div>
    ) : null;
  }
  return (
    <section className={`chain ${verdict.whole ? "chain-whole" : "chain-broken"}`} role={verdict.whole ? "status" : "alert"}>
      <Icon name={verdict.whole ? "shield" : "warning"} />
      <div>
        <h2>{verdict.whole ? "The chain is whole" : "The chain is broken"}</h2>
        <p className="small">
          {verdict.whole ? `${plural(verdict.entries, "entry", "entries")}, every digest computed anew.` : <span className="log-text">{verdict.fault}</span>}
        </p>
        <p className="small audit-digest">
          <span>
            Head {verdict.head.sequence}: <code className="log-text">{verdict.head.digest.slice(0, 16)}…</code>
          </span>
          <CopyButton text={`${verdict.head.sequence} ${verdict.head.digest}`} label="Copy the head" look="quiet" />
          <span className="soft">Kept elsewhere, it proves later that nothing was taken away.</span>
        </p>
      </div>
      <Button isSmall isDisabled={isBusy} onPress={onAgain}>
        {isBusy ? "Verifying…" : "Verify again"}
      </Button>
    </section>
  );
}

function Entry({ entry, onClose }: { entry: AuditEntry | null; onClose: () => void }) {
  return (
    <Dialog title={entry === null ? "Entry" : `Entry ${entry.sequence}`} look="drawer" isOpen={entry !== null} onClose={onClose}>
      {entry && (
        <div>
          <dl className="record-facts small">
            {[
              ["Time", `${momentText(Date.parse(entry.at))} UTC`],
              ["Who", entry.actor],
              ["What", entry.action],
              ["Subject", entry.subject],
              ["Digest", entry.digest],
            ].map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd className="log-text">{value}</dd>
              </div>
            ))}
          </dl>
          <h3 id="entry-details" className="raw-head">Details</h3>
          <pre className="raw is-wrapped log-text" tabIndex={0} role="region" aria-labelledby="entry-details">
            {JSON.stringify(entry.details, null, 2)}
          </pre>
        </div>
      )}
    </Dialog>
  );
}
