/** The state of the watch in a few words. */
import type { Ingest, Summary } from "../api/types";
import { bytes, compact } from "../words/numbers";
import { age, duration } from "../words/times";
import { Link } from "./link";
import { seesAll } from "./places";
import { useSession } from "./session";

const WORDS: Record<Ingest["state"], string> = {
  idle: "Up to date",
  reading: "Reading",
  scoring: "Scoring",
  behind: "Catching up",
  stopped: "Watch stopped",
  none: "No logs yet",
};

/** Text for an empty store, which cannot be called up to date. */
export const NOTHING_READ = "Nothing read yet";

/** Return a text such as `Catching up: 1.2 GB, 3 min left`. */
export function ingestWords(ingest: Ingest, now: number): string {
  // Another program is the watch; this console shows its stored results.
  if (ingest.state === "none" && ingest.last_batch) return `Last logs ${age(ingest.last_batch, now)}`;
  // The current day is scored repeatedly; more than one day means a backlog.
  if (ingest.state === "scoring" || (ingest.state === "idle" && ingest.dirty_days > 1)) {
    return ingest.dirty_days > 1 ? `Scoring · ${ingest.dirty_days} days to go` : WORDS.scoring;
  }
  const isBusy = ingest.state === "reading" || ingest.state === "behind";
  const parts: string[] = [];
  if (isBusy && ingest.backlog_bytes) parts.push(`${bytes(ingest.backlog_bytes)} to read`);
  if (isBusy && ingest.seconds_left !== null) parts.push(`${duration(ingest.seconds_left)} left`);
  if (isBusy && parts.length === 0 && (ingest.rate ?? 0) > 0) parts.push(`${compact(ingest.rate ?? 0)} records/s`);
  if (ingest.state === "idle" && ingest.last_batch) parts.push(age(ingest.last_batch, now));
  return [WORDS[ingest.state], ...parts].join(" · ");
}

export function IngestState({ summary, lineIsUp }: { summary: Summary; lineIsUp: boolean }) {
  const { ingest, silent_sources: silent } = summary;
  const isBad = ingest.state === "stopped" || silent > 0 || !lineIsUp;
  const words = !lineIsUp
    ? "No connection"
    : silent > 0
      ? `${silent} silent ${silent === 1 ? "source" : "sources"}`
      : summary.empty && (ingest.state === "idle" || ingest.state === "none")
        ? NOTHING_READ
        : ingestWords(ingest, new Date(summary.now).getTime());
  return (
    <Link href={seesAll(useSession()) ? "/health" : "/tenants"} className={`ingest ${isBad ? "ingest-bad" : `ingest-${ingest.state}`}`}>
      <svg viewBox="0 0 10 10" className="ingest-mark" aria-hidden="true">
        {isBad ? <path d="M5 .5 9.800 9H.2z" /> : <circle cx="5" cy="5" r="4" />}
      </svg>
      <span className="clip">{words}</span>
    </Link>
  );
}
