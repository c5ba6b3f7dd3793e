/**
 * Server-sent events. EventSource reconnects after a lost connection and sends Last-Event-ID. It gives up after a
 * refusal, so this module then retries with growing pauses. Browsers allow six connections to a host, so a tab
 * hidden for a minute closes its own.
 */
import { withBase } from "../app/base";
import type { IncidentNews, Summary } from "./types";

export interface Hearers {
  incident?: (news: IncidentNews) => void;
  summary?: (summary: Summary) => void;
  health?: () => void;
  /** Whether the connection is open. */
  line?: (isUp: boolean) => void;
  /** The connection is open again, and events may have been missed. */
  back?: () => void;
}

const HIDDEN_MILLISECONDS = 60_000;

const hearers = new Set<Hearers>();
let source: EventSource | null = null;
let wait = 1000;
let timer: ReturnType<typeof setTimeout> | undefined;
let hiding: ReturnType<typeof setTimeout> | undefined;
let hasMissed = false;

/** Listen until the returned function is called. All listeners share one connection. */
export function listen(hearer: Hearers): () => void {
  hearers.add(hearer);
  if (source === null && timer === undefined) open();
  else if (source?.readyState === EventSource.OPEN) hearer.line?.(true);
  return () => {
    hearers.delete(hearer);
    if (hearers.size === 0) close();
  };
}

document.addEventListener("visibilitychange", () => {
  clearTimeout(hiding);
  if (document.hidden) {
    hiding = setTimeout(() => {
      hasMissed = true;
      close();
    }, HIDDEN_MILLISECONDS);
  } else if (hearers.size > 0 && source === null && timer === undefined) open();
});

function close(): void {
  clearTimeout(timer);
  timer = undefined;
  source?.close();
  source = null;
}

function tell(say: (hearer: Hearers) => void): void {
  for (const hearer of [...hearers]) say(hearer);
}

function open(): void {
  timer = undefined;
  const opened = new EventSource(withBase("/api/stream"));
  source = opened;
  opened.onopen = () => {
    wait = 1000;
    tell((hearer) => hearer.line?.(true));
    if (hasMissed) tell((hearer) => hearer.back?.());
    hasMissed = false;
  };
  opened.onerror = () => {
    tell((hearer) => hearer.line?.(false));
    if (opened.readyState !== EventSource.CLOSED || source !== opened) return;
    source = null;
    hasMissed = true;
    timer = setTimeout(open, wait);
    wait = Math.min(wait * 2, 30_000);
  };
  opened.addEventListener("incident", (event) => {
    const news = parsed<IncidentNews>(event);
    if (news) tell((hearer) => hearer.incident?.(news));
  });
  opened.addEventListener("summary", (event) => {
    const summary = parsed<Summary>(event);
    if (summary) tell((hearer) => hearer.summary?.(summary));
  });
  opened.addEventListener("health", () => tell((hearer) => hearer.health?.()));
}

function parsed<T>(event: Event): T | null {
  try {
    return JSON.parse((event as MessageEvent<string>).data) as T;
  } catch {
    return null;
  }
}
