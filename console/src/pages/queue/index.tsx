/** The queue: incidents by score, the budget line, and the selected incident beside them. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { usePages } from "../../api/resource";
import { listen } from "../../api/stream";
import type { Incident, IncidentRow, Ingest } from "../../api/types";
import { announce } from "../../app/announce";
import { ingestWords } from "../../app/ingest";
import { useKeys } from "../../app/keys";
import { SIDE_BY_SIDE, useMedia } from "../../app/media";
import { incidentAddress, navigate } from "../../app/router";
import { useMayAnswer, useSummary } from "../../app/session";
import { Icon } from "../../design/marks";
import { ErrorState, Skeleton } from "../../design/states";
import { AnswerDialog } from "../incident/answer";
import { UnjudgedNotice, useUnjudged } from "../parts/unjudged";
import { IncidentView } from "../incident/view";
import { Filters } from "./filters";
import { List } from "./list";
import { useNews } from "./news";
import { Backlog, NoLogs, NothingHere } from "./nothing";
import { gatherAttacks } from "./attacks";
import { choose, filtersOf, isFiltered, useQueueState } from "./state";
import "./queue.css";

const PAGE_SIZE = 200;

export default function QueuePage() {
  const state = useQueueState();
  const summary = useSummary();
  const isWide = useMedia(SIDE_BY_SIDE);
  const mayAnswer = useMayAnswer();
  const filters = filtersOf(state);
  const main = usePages<IncidentRow>("/api/incidents", { queue: state.queue, ...filters }, PAGE_SIZE);
  const isRanked = state.sort === "score";
  const mainIsWhole = !main.loading && !main.error && !main.hasMore;
  const below = usePages<IncidentRow>(
    state.queue === "open" && isRanked && mainIsWhole ? "/api/incidents" : null,
    { queue: "candidates", ...filters },
    PAGE_SIZE,
  );

  // Among all incidents by score, the budget line precedes the first one not raised.
  const cut = state.queue === "all" && isRanked ? main.items.findIndex((row) => !row.raised) : -1;
  const listed = useMemo(() => (cut >= 0 ? main.items.slice(0, cut) : main.items), [main.items, cut]);
  const { rows: raised, members, attacks } = useMemo(() => gatherAttacks(listed, isRanked), [listed, isRanked]);
  const candidates = useMemo(() => (cut >= 0 ? main.items.slice(cut) : below.items), [main.items, cut, below.items]);
  const rows = useMemo(() => [...raised, ...candidates], [raised, candidates]);
  const isKnown = useMemo(() => new Set(rows.map((row) => row.id)), [rows]);

  const alter = useCallback(
    (incident: IncidentRow) => {
      const change = (row: IncidentRow) => (row.id === incident.id ? { ...row, ...rowOf(incident) } : row);
      main.alter(change);
      below.alter(change);
    },
    [main.alter, below.alter],
  );

  const reload = useCallback(() => {
    main.reload();
    below.reload();
  }, [main.reload, below.reload]);
  const { fresh, waiting, showNew, pane } = useArrivals({ isKnown, state, reload, onChanged: alter, isEmpty: rows.length === 0, revision: summary?.revision });
  const detail = useRef<HTMLElement>(null);

  // On a wide screen an incident is always shown: the worst, until the user selects one.
  const first = rows[0]?.id;
  const offered = useRef("");
  useEffect(() => {
    const isOffered = state.incident === "" || (state.incident === offered.current && !isInUse(detail.current));
    if (!isWide || first === undefined || !isOffered || first === state.incident) return;
    offered.current = first;
    choose(first);
  }, [isWide, state.incident, first]);

  const onChoose = useCallback((id: string) => {
    offered.current = "";
    if (window.matchMedia(SIDE_BY_SIDE).matches) choose(id);
    else navigate(incidentAddress(id));
  }, []);
  const [answering, setAnswering] = useState(false);
  const at = rows.findIndex((row) => row.id === state.incident);
  const step = (by: number) => {
    const row = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
    if (row === undefined) return;
    offered.current = "";
    choose(row.id);
    announce(`${row.severity}, ${row.title}`);
  };
  const chosen = rows[at];
  useKeys([
    { keys: "j", label: "Next incident", group: "Queue", run: () => step(1), isKeyOnly: true },
    { keys: "k", label: "Previous incident", group: "Queue", run: () => step(-1), isKeyOnly: true },
    { keys: "ArrowDown", label: "Next incident", group: "Queue", run: () => step(1), isKeyOnly: true },
    { keys: "ArrowUp", label: "Previous incident", group: "Queue", run: () => step(-1), isKeyOnly: true },
    { keys: "Enter", label: "Open the incident", group: "Queue", run: () => state.incident && navigate(incidentAddress(state.incident)), isKeyOnly: true },
    ...(mayAnswer && chosen && !isWide ? [{ keys: "e", label: "Answer the incident", group: "Incident" as const, run: () => setAnswering(true) }] : []),
    ...(waiting > 0 ? [{ keys: "n", label: "Show new incidents", group: "Queue" as const, run: showNew }] : []),
  ]);

  const onNearEnd = useCallback(() => (main.hasMore ? main.more() : below.more()), [main.hasMore, main.more, below.more]);
  const isBusy = summary !== undefined && isPartial(summary.ingest);
  const isEmptyHere = mainIsWhole && rows.length === 0 && !below.loading;
  const unjudged = useUnjudged(state.tenant);
  const fault = main.error ?? below.error;

  if (summary?.empty && isEmptyHere && !isFiltered(state)) {
    return (
      <>
        <h1 className="visually-hidden">Queue</h1>
        <NoLogs />
      </>
    );
  }
  return (
    <div className="queue">
      <section className="queue-pane" ref={pane} aria-label="Queue">
        <Filters state={state} summary={summary} fault={fault} />
        {isBusy && <Backlog words={ingestWords(summary.ingest, Date.parse(summary.now))} />}
        <UnjudgedNotice tenant={state.tenant} />
        <div className="queue-body">
          {waiting > 0 && (
            <button type="button" className="pill" onClick={showNew}>
              <Icon name="up" /> {waiting} new
            </button>
          )}
          {main.loading || (rows.length === 0 && !fault && !isEmptyHere) ? (
            <Skeleton rows={10} height={56} />
          ) : fault && fault.field !== "q" && rows.length === 0 ? (
            <ErrorState error={fault} onRetry={main.reload} />
          ) : isEmptyHere ? (
            <NothingHere state={state} summary={summary} isPartial={isBusy} isUnjudged={unjudged.length > 0} />
          ) : (
            <List
              raised={raised}
              candidates={candidates}
              candidatesTotal={cut >= 0 ? null : below.total}
              hasLine={candidates.length > 0}
              hasMore={main.hasMore || below.hasMore}
              chosen={state.incident}
              fresh={fresh}
              members={members}
              attacks={attacks}
              now={summary ? Date.parse(summary.now) : Date.now()}
              onChoose={onChoose}
              onNearEnd={onNearEnd}
            />
          )}
        </div>
      </section>
      {isWide && (
        <section className="queue-detail" ref={detail} aria-label="Chosen incident">
          {state.incident && <IncidentView key={state.incident} id={state.incident} isBeside onAnswered={alter} />}
        </section>
      )}
      {chosen && answering && <AnswerDialog id={chosen.id} onClose={() => setAnswering(false)} onAnswered={alter} />}
    </div>
  );
}

/** Return whether the list is incomplete because reading or scoring is unfinished. */
function isPartial(ingest: Ingest): boolean {
  const isReading = ["reading", "behind"].includes(ingest.state) && (ingest.backlog_bytes ?? 0) > 0;
  return isReading || (ingest.state !== "none" && ingest.state !== "stopped" && ingest.dirty_days > 1);
}

/** Return the list row's fields of a full incident. */
function rowOf(incident: IncidentRow): Partial<IncidentRow> {
  const { severity, score, chance, raised, announced_at, detected_at, first_event, last_event, title, summary, answer, related, mailboxes, messages } = incident;
  const chips = incident.chips ? { chips: incident.chips } : {};
  return { severity, score, chance, raised, announced_at, detected_at, first_event, last_event, title, summary, answer, related, mailboxes, messages, ...chips };
}

/** Return whether the user is using this part, by pointer or keyboard. */
function isInUse(part: HTMLElement | null): boolean {
  return part !== null && (part.matches(":hover") || part.contains(document.activeElement));
}

interface Arrivals {
  isKnown: ReadonlySet<string>;
  state: ReturnType<typeof useQueueState>;
  reload: () => void;
  onChanged: (incident: Incident) => void;
  isEmpty: boolean;
  /** The store's revision, which grows whenever an incident changes. */
  revision: number | undefined;
}

const REST_MILLISECONDS = 3000;

/** Update the list as the store changes. While the user reads it, new incidents wait behind a button instead. */
function useArrivals({ isKnown, state, reload, onChanged, isEmpty, revision }: Arrivals) {
  const [fresh, setFresh] = useState<ReadonlySet<string>>(new Set());
  const pane = useRef<HTMLElement>(null);
  const shown = useRef<{ revision: number | undefined; at: number }>({ revision: undefined, at: 0 });
  const mayMove = () => !isInUse(pane.current) && (pane.current?.querySelector(".queue-scroll")?.scrollTop ?? 0) < 8;
  const { waiting, clear } = useNews(
    (id) => isKnown.has(id),
    (news) =>
      (news.new || state.queue === "candidates" || state.queue === "all") &&
      (state.severities.length === 0 || state.severities.includes(news.severity)) &&
      (state.tenant === "" || state.tenant === news.tenant) &&
      state.queue !== "answered",
    onChanged,
  );
  const showNew = () => {
    setFresh(waiting);
    clear();
    reload();
    pane.current?.querySelector(".queue-scroll")?.scrollTo({ top: 0 });
  };

  useEffect(() => listen({ back: reload }), [reload]);

  useEffect(() => {
    if (waiting.size === 0) return undefined;
    announce(`${waiting.size} new`);
    const timer = setTimeout(() => (isEmpty || mayMove()) && showNew(), 300);
    return () => clearTimeout(timer);
  }, [waiting, isEmpty]);

  useEffect(() => {
    if (revision === undefined || revision === shown.current.revision) return undefined;
    const isFirst = shown.current.revision === undefined;
    if (isFirst && !isEmpty) {
      shown.current = { revision, at: Date.now() };
      return undefined;
    }
    const wait = isEmpty ? 0 : Math.max(300, REST_MILLISECONDS - (Date.now() - shown.current.at));
    const timer = setTimeout(() => {
      if (!isEmpty && !mayMove()) return;
      shown.current = { revision, at: Date.now() };
      reload();
    }, wait);
    return () => clearTimeout(timer);
  }, [revision, isEmpty]);

  return { fresh, waiting: waiting.size, showNew, pane };
}
