/** What an answer would have hidden in the last 30 days, shown before it is saved. */
import type { ApiError } from "../../api/client";
import type { IncidentRow, Preview } from "../../api/types";
import { SeverityMark } from "../../design/marks";
import { Notice } from "../../design/states";
import { kindName } from "../../words/incidents";
import { plural, score } from "../../words/numbers";
import { day } from "../../words/times";

const SHOWN = 6;

export function PreviewOfAnswer({ data, error }: { data: Preview | undefined; error: ApiError | undefined }) {
  return (
    <section className="preview" aria-label="What this answer would have changed" aria-live="polite">
      {error ? (
        <Notice tone="warning">
          {error.message}
          {error.fix && <p className="log-text">{error.fix}</p>}
        </Notice>
      ) : data === undefined ? (
        <p className="small soft">Working out what this answer would have changed…</p>
      ) : (
        <Told preview={data} />
      )}
    </section>
  );
}

function Told({ preview }: { preview: Preview }) {
  const { hidden, lowered, raised } = preview;
  return (
    <>
      <h3>
        {hidden.length === 0
          ? `In the last ${preview.days} days this answer would have hidden nothing.`
          : `In the last ${preview.days} days this answer would have hidden ${plural(hidden.length, "incident")}.`}
      </h3>
      <Rows rows={hidden} />
      {lowered.length > 0 && (
        <>
          <h4 className="small soft">Would count for less</h4>
          <ul className="preview-rows">
            {lowered.slice(0, SHOWN).map(({ incident, from, to }) => (
              <Row key={incident.id} row={incident} detail={`${score(from)} → ${score(to)}`} />
            ))}
          </ul>
          <More count={lowered.length} />
        </>
      )}
      {raised.length > 0 && (
        <>
          <h4 className="small soft">Would have been raised as well</h4>
          <Rows rows={raised} />
        </>
      )}
      {preview.never_hidden.length > 0 && (
        <p className="small soft">Never hidden by an answer: {preview.never_hidden.join("; ")}.</p>
      )}
      {preview.note && <p className="small soft">{preview.note}</p>}
    </>
  );
}

function Rows({ rows }: { rows: readonly IncidentRow[] }) {
  if (rows.length === 0) return null;
  return (
    <>
      <ul className="preview-rows">
        {rows.slice(0, SHOWN).map((row) => (
          <Row key={row.id} row={row} detail={`${kindName(row.kind)}, ${day(row.last_event)}`} />
        ))}
      </ul>
      <More count={rows.length} />
    </>
  );
}

function Row({ row, detail }: { row: IncidentRow; detail: string }) {
  return (
    <li className="small">
      <SeverityMark severity={row.severity} />
      <span className="clip log-text">{row.account}</span>
      <span className="soft nowrap numbers">{detail}</span>
    </li>
  );
}

const More = ({ count }: { count: number }) => (count > SHOWN ? <p className="small soft">and {count - SHOWN} more</p> : null);
