/** A record as it came, read when it is asked for: plain text with secrets masked, beside the normalised record. */
import { useState } from "react";
import { useResource } from "../../api/resource";
import type { LogRecord, OriginalRecord } from "../../api/types";
import { Button, CopyButton } from "../../design/controls";
import { number } from "../../words/numbers";
import { faultText } from "./faults";

const UNKNOWN_ORGANISATION = "unknown";
const NO_COPY =
  "No copy was kept. Seawall keeps the records of raised incidents that came from a followed folder, as long as their events.";

/** The query for a record's copy. */
function askFor(record: LogRecord): { tenant: string; id: string; day: string } {
  const organisation: unknown = record.raw["org_uid"];
  const tenant = typeof organisation === "string" ? organisation : UNKNOWN_ORGANISATION;
  return { tenant, id: record.id, day: record.time.slice(0, 10) };
}

export function RecordAsItCame({ record, isWrapped }: { record: LogRecord; isWrapped: boolean }) {
  const [isAsked, setAsked] = useState(false);
  const { data, error } = useResource<OriginalRecord>(isAsked ? "/api/record/raw" : null, isAsked ? askFor(record) : {});
  const text = data?.text ?? null;
  return (
    <section className="as-it-came">
      <div className="raw-head">
        <h3>As it came</h3>
        {text !== null && <CopyButton text={text} />}
        {!isAsked && (
          <Button look="quiet" isSmall isDisabled={record.id === ""} onPress={() => setAsked(true)}>
            Show as it came
          </Button>
        )}
      </div>
      <div role="status">
        {isAsked && !data && !error && <p className="small soft">Reading…</p>}
        {data && text === null && <p className="small soft">{NO_COPY}</p>}
        {error && <p className="small soft">{faultText(error)}</p>}
      </div>
      {data && text !== null && (
        <>
          <p className="small soft log-text">
            {`Secrets are masked. It was read from ${data.source_file ?? "a file"}, record ${number(data.source_line ?? 0)}.`}
            {data.is_cut && " It is longer: this is its beginning."}
          </p>
          <pre className={`raw ${isWrapped ? "is-wrapped" : ""}`} tabIndex={0} aria-label="Record as it came">
            {text}
          </pre>
        </>
      )}
    </section>
  );
}
