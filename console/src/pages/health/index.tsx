/** Ingest health: sources, silences, gaps, unreadable records, and outgoing alerts. */
import { useResource } from "../../api/resource";
import type { IngestHealth, SourceHealth, Summary } from "../../api/types";
import { useSummary } from "../../app/session";
import { NOTHING_READ } from "../../app/ingest";
import { Icon } from "../../design/marks";
import { ErrorState, Notice, Panel, Skeleton } from "../../design/states";
import { bytes, number } from "../../words/numbers";
import { age, duration, exact, moment } from "../../words/times";
import { Facts, Page } from "../parts/page";
import { Problems } from "./problems";
import "./health.css";

const STATES = { ok: "On time", late: "Late", silent: "Silent" } as const;
const SHAPES = { ok: "M6 1.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9z", late: "M6 .500 11.500 6 6 11.500.500 6z", silent: "M6 .500 11.800 11H.200z" } as const;

const INGEST: Record<Summary["ingest"]["state"], string> = {
  idle: "up to date",
  reading: "reading",
  scoring: "scoring",
  behind: "behind",
  stopped: "stopped",
  none: "read by another program",
};

export default function HealthPage() {
  const health = useResource<IngestHealth>("/api/health/ingest");
  const summary = useSummary();
  return (
    <Page title="Health" about="A detector sees what the logs show. What does not arrive here cannot be noticed.">
      {health.error && health.data === undefined ? (
        <ErrorState error={health.error} onRetry={health.reload} />
      ) : health.data === undefined ? (
        <Skeleton rows={8} />
      ) : (
        <Shown health={health.data} summary={summary} />
      )}
    </Page>
  );
}

function Shown({ health, summary }: { health: IngestHealth; summary: Summary | undefined }) {
  const now = summary === undefined ? Date.now() : Date.parse(summary.now);
  // Gaps have notes too; show each gap once, with its span.
  const notes = health.notes.filter((note) => !health.gaps.some((gap) => gap.text === note));
  const silent = health.sources.filter((source) => source.state === "silent");
  return (
    <>
      {silent.length > 0 && (
        <section className="alarm" role="alert">
          <Icon name="warning" />
          <div>
            <h2>{silent.length === 1 ? "A source has fallen silent" : `${silent.length} sources have fallen silent`}</h2>
            <ul>
              {silent.map((source) => (
                <li key={`${source.tenant} ${source.name}`}>
                  <b className="log-text">{shortName(source)}</b> <span className="log-text">({source.tenant})</span>: nothing since{" "}
                  {source.silent_since === null ? "the beginning" : `${exact(source.silent_since)}, ${age(source.silent_since, now)}`}
                  {source.typical_gap_seconds === null ? "" : `; usually something comes every ${duration(source.typical_gap_seconds)}`}
                </li>
              ))}
            </ul>
            <p className="small">Check the collector and its permissions. Somebody who switches a log off does it to stay unseen.</p>
          </div>
        </section>
      )}
      {health.unjudged.length > 0 && (
        <section className="alarm" role="alert">
          <Icon name="warning" />
          <div>
            <h2>Most records of {health.unjudged.length === 1 ? "an organisation" : `${health.unjudged.length} organisations`} are not judged</h2>
            <ul>
              {health.unjudged.map((text) => (
                <li key={text} className="log-text">
                  {text}
                </li>
              ))}
            </ul>
            <p className="small">No incident is no sign that nothing happened. Collect the vendor's own records.</p>
          </div>
        </section>
      )}
      {summary && <Ingest summary={summary} now={now} />}
      <Panel title="Sources">
        {health.sources.length === 0 ? (
          <p className="quiet-empty">
            No source has delivered anything yet. Drop files into a watched folder, or post records to <code>/api/ingest</code>.
          </p>
        ) : (
          <div className="table-scroll">
            <table className="table stacking">
              <thead>
                <tr>
                  <th scope="col">Source</th>
                  <th scope="col">State</th>
                  <th scope="col">Last delivery</th>
                  <th scope="col" className="right">
                    Behind
                  </th>
                  <th scope="col" className="right">
                    Usual pause
                  </th>
                  <th scope="col" className="right">
                    Records
                  </th>
                  <th scope="col" className="right">
                    Problems
                  </th>
                </tr>
              </thead>
              <tbody>
                {health.sources.map((source) => (
                  <Source key={`${source.tenant} ${source.name} ${source.kind}`} source={source} now={now} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </Panel>
      <div className="two">
        <Panel title="Gaps">
          {health.gaps.length === 0 ? (
            <p className="quiet-empty">{summary?.empty ? "Nothing was read yet: gaps show once logs arrive." : "No gap was noticed."}</p>
          ) : (
            <ul className="gap-list">
              {health.gaps.map((gap) => (
                <li key={`${gap.tenant} ${gap.source} ${gap.from} ${gap.text}`}>
                  <b className="log-text">{gap.source || gap.tenant}</b>{" "}
                  <span className="nowrap">
                    {moment(gap.from)} – {moment(gap.to)} UTC
                  </span>
                  <div className="soft log-text">{gap.text}</div>
                </li>
              ))}
            </ul>
          )}
          {notes.length > 0 && (
            <ul className="gap-list" aria-label="What the logs could not show">
              {notes.map((note) => (
                <li key={note} className="log-text">
                  {note}
                </li>
              ))}
            </ul>
          )}
        </Panel>
        <Panel title="Messages on their way out">
          <Facts
            facts={[
              ["Waiting", number(health.outbox.waiting)],
              ["Given up", health.outbox.failed > 0 ? <span className="source-silent">{number(health.outbox.failed)}</span> : "0"],
            ]}
          />
          {health.outbox.last_error ? (
            <Notice tone="warning">
              <span className="log-text">Last fault: {health.outbox.last_error}</span>
            </Notice>
          ) : (
            <p className="quiet-empty">{health.outbox.waiting > 0 ? "They are sent in a moment." : "Nothing waits. Webhooks are set with --webhook."}</p>
          )}
        </Panel>
      </div>
      <Problems problems={health.problems} isEmpty={summary?.empty ?? false} />
    </>
  );
}

/** Return the source's name without the organisation, which is shown beside it. */
function shortName(source: SourceHealth): string {
  return source.name.startsWith(`${source.tenant}/`) ? source.name.slice(source.tenant.length + 1) : source.name;
}

function Source({ source, now }: { source: SourceHealth; now: number }) {
  return (
    <tr className={source.state === "silent" ? "source-row-silent" : undefined}>
      <th scope="row">
        <b className="log-text">{shortName(source)}</b>
        <div className="soft tiny log-text">{shortName(source) === source.kind ? source.tenant : `${source.kind} · ${source.tenant}`}</div>
      </th>
      <td data-name="State">
        <span className={`source-state source-${source.state}`}>
          <svg viewBox="0 0 12 12" aria-hidden="true">
            <path d={SHAPES[source.state]} fill="currentColor" />
          </svg>
          {STATES[source.state]}
        </span>
        {!source.is_judged && <div className="tiny source-silent">not judged: unknown log</div>}
      </td>
      <td data-name="Last delivery">{source.last_at === null ? "never" : <time dateTime={source.last_at} title={exact(source.last_at)}>{age(source.last_at, now)}</time>}</td>
      <td data-name="Behind" className="right">
        {source.lag_seconds === null ? "–" : duration(source.lag_seconds)}
      </td>
      <td data-name="Usual pause" className="right">
        {source.typical_gap_seconds === null ? "–" : duration(source.typical_gap_seconds)}
      </td>
      <td data-name="Records" className="right">
        {number(source.records)}
      </td>
      <td data-name="Problems" className="right">
        {number(source.problems)}
      </td>
    </tr>
  );
}

function Ingest({ summary, now }: { summary: Summary; now: number }) {
  const { ingest } = summary;
  const waiting = ingest.backlog_bytes ? `, ${bytes(ingest.backlog_bytes)} wait` : "";
  const unscored = ingest.records - ingest.events - ingest.duplicates - ingest.problems;
  const left = ingest.seconds_left ? `, ${duration(ingest.seconds_left)} left` : "";
  return (
    <Panel title="Reading" aside={<span className="small soft">{unscored > 0 ? "records = events + duplicates + problems + to be scored" : "records = events + duplicates + problems"}</span>}>
      <Facts
        facts={[
          ["State", ingest.state === "none" && ingest.records === 0 ? "nothing reads here" : summary.empty && ingest.state === "idle" ? NOTHING_READ.toLowerCase() : `${INGEST[ingest.state]}${waiting}${left}`],
          ["Records", number(ingest.records)],
          ["Events", number(ingest.events)],
          ["Duplicates", number(ingest.duplicates)],
          ["Problems", number(ingest.problems)],
          ...(unscored > 0 ? [["To be scored", number(unscored)] as const] : []),
          ["Records a second", ingest.rate === null ? "–" : number(ingest.rate)],
          ["Latest event", ingest.last_event === null ? "none" : age(ingest.last_event, now)],
          ["Days to score again", number(ingest.dirty_days)],
        ]}
      />
    </Panel>
  );
}
