/** Read an export: choose or drop files, watch them being read, and open what was found. */
import { useEffect, useRef } from "react";
import { remove, type ApiError } from "../../api/client";
import { refresh, useResource } from "../../api/resource";
import type { DroppedExport, DroppedExports } from "../../api/types";
import { announce } from "../../app/announce";
import { readFiles } from "../../app/drop-zone";
import { cancelSending, forgetSent, useSending, type Sending } from "../../app/sending";
import { Button } from "../../design/controls";
import { EmptyState, ErrorState, Notice, Panel, Skeleton } from "../../design/states";
import { bytes, plural } from "../../words/numbers";
import { Page } from "../parts/page";
import { Found } from "./found";
import "./read.css";

const LOOK_MILLISECONDS = 400;

export default function ReadPage() {
  const drops = useResource<DroppedExports>("/api/drops");
  const sending = useSending();
  const items = drops.data?.items ?? [];
  const isBusy = items.some((item) => item.state === "receiving" || item.state === "reading");
  useEffect(() => {
    if (!isBusy) return undefined;
    const timer = setInterval(drops.reload, LOOK_MILLISECONDS);
    return () => clearInterval(timer);
  }, [isBusy, drops.reload]);
  useOpening(items, sending);
  return (
    <Page title="Read an export" about="Drop files anywhere on these pages, or choose them here. Each export is shown by itself: what you see elsewhere stays as it is.">
      {drops.error && drops.data === undefined ? (
        <ErrorState error={drops.error} onRetry={drops.reload} />
      ) : drops.data === undefined ? (
        <Skeleton rows={5} />
      ) : drops.data.may_drop ? (
        <Taking isBusy={isBusy || sending?.isSending === true} mostBytes={drops.data.most_bytes} sending={sending} items={items} />
      ) : (
        <EmptyState icon="download" title="Exports are read at the machine itself">
          <p>
            This console is reached over the network or asks for a sign-in, and takes no files from browsers. On the machine with the export, run <code>seawall open FILE</code>.
          </p>
        </EmptyState>
      )}
    </Page>
  );
}

/** Open the first incident of the export that this tab sent, once it was read. */
function useOpening(items: readonly DroppedExport[], sending: Sending | null): void {
  const own = sending?.id ? items.find((item) => item.id === sending.id) : undefined;
  const target = own?.state === "ready" && own.first_incident !== null ? `${own.path}/incidents/${encodeURIComponent(own.first_incident)}` : null;
  useEffect(() => {
    if (target === null) return;
    forgetSent();
    window.location.assign(target);
  }, [target]);
}

interface TakingProps {
  isBusy: boolean;
  mostBytes: number;
  sending: Sending | null;
  items: readonly DroppedExport[];
}

function Taking({ isBusy, mostBytes, sending, items }: TakingProps) {
  const field = useRef<HTMLInputElement>(null);
  return (
    <>
      <section className="panel read-take" aria-label="Choose an export">
        <p>
          Audit logs and sign-ins as they were exported: a Purview <b>CSV</b>, <b>JSON</b>, <b>JSONL</b>, or a <b>ZIP</b> of them. At most {bytes(mostBytes)}. Nothing leaves this machine.
        </p>
        <input
          ref={field}
          type="file"
          multiple
          hidden
          accept=".csv,.json,.jsonl,.ndjson,.zip,.gz,.xlsx,.parquet,.log,.txt"
          onChange={(event) => {
            readFiles([...(event.target.files ?? [])]);
            event.target.value = "";
          }}
        />
        <Button look="primary" icon="plus" isDisabled={isBusy} onPress={() => field.current?.click()}>
          {isBusy ? "One export at a time" : "Choose files"}
        </Button>
      </section>
      {sending?.error && <Refused error={sending.error} />}
      {sending?.isSending && sending.id === null && <p role="status">Getting ready…</p>}
      {items.map((item) => (
        <Export key={item.id} item={item} sending={sending?.id === item.id ? sending : null} />
      ))}
    </>
  );
}

function Refused({ error }: { error: ApiError }) {
  return (
    <div role="alert">
      <Notice tone="warning">
        <b>{error.message}</b>
        {error.fix && <p>{error.fix}</p>}
      </Notice>
    </div>
  );
}

async function close(item: DroppedExport): Promise<void> {
  cancelSending();
  await remove(`/api/drops/${item.id}`).catch(() => undefined);
  announce("The export is closed");
  refresh("/api/drops");
}

function Export({ item, sending }: { item: DroppedExport; sending: Sending | null }) {
  const isBusy = item.state === "receiving" || item.state === "reading";
  return (
    <Panel
      title={item.name}
      aside={
        <div className="read-actions">
          {item.state === "ready" && item.records > 0 && (
            <a className="button button-small button-primary" href={`${item.path}/`}>
              Open
            </a>
          )}
          <Button isSmall onPress={() => void close(item)}>
            {isBusy ? "Cancel" : "Close and delete"}
          </Button>
        </div>
      }
    >
      <div className="read-body">
        {isBusy && <Progress item={item} sending={sending} />}
        {item.state === "failed" && (
          <div role="alert">
            <Notice tone="warning">
              <b>Nothing was read: {item.fault}</b>
              {item.fix && <p>{item.fix}</p>}
            </Notice>
          </div>
        )}
        {item.state === "ready" && <Outcome item={item} />}
        <Found item={item} />
      </div>
    </Panel>
  );
}

function Outcome({ item }: { item: DroppedExport }) {
  if (item.records === 0 || item.events + item.duplicates === 0) {
    return (
      <Notice tone="warning">
        No record was understood. Export the log again and drop it without changes: opening and saving a CSV in a spreadsheet spoils it.
      </Notice>
    );
  }
  return (
    <p>
      Read in {item.seconds.toFixed(1)} s: {plural(item.records, "record")},{" "}
      <b>{item.incidents === 0 ? "and nothing stands out" : `${plural(item.incidents, "incident")} found`}</b>.
    </p>
  );
}

function Progress({ item, sending }: { item: DroppedExport; sending: Sending | null }) {
  const total = Math.max(item.bytes_expected, item.bytes_received, 1);
  const sent = Math.max(sending?.sent ?? 0, item.bytes_received);
  const isReading = item.state === "reading";
  const isJudging = isReading && item.records > 0 && item.bytes_read >= total;
  return (
    <div className="read-progress">
      <Bar label="Sent" value={isReading ? total : sent} total={total} words={isReading ? bytes(total) : `${bytes(sent)} of ${bytes(total)}`} />
      <Bar label="Read" value={isReading ? item.bytes_read : 0} total={total} words={`${bytes(isReading ? item.bytes_read : 0)} of ${bytes(total)}, ${plural(item.records, "record")}`} />
      <p role="status" className="small soft">
        {isJudging ? "Judging what was read: who did what, and what was unusual…" : isReading ? "Reading…" : "Sending…"}
      </p>
    </div>
  );
}

function Bar({ label, value, total, words }: { label: string; value: number; total: number; words: string }) {
  return (
    <div className="read-bar">
      <span>{label}</span>
      <progress aria-label={label} max={total} value={Math.min(value, total)} />
      <span className="numbers soft">{words}</span>
    </div>
  );
}
