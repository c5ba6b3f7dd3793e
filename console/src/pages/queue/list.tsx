/** The ranked list. Only visible rows are rendered; the budget line separates raised incidents from others. */
import { useEffect, useMemo, useRef } from "react";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { IncidentRow } from "../../api/types";
import { number, plural } from "../../words/numbers";
import { ROW_HEIGHT, Row } from "./row";

const LINE_HEIGHT = 40;
const FOOT_HEIGHT = 48;
const LINE = "budget-line";
const FOOT = "foot";

export type Entry = { row: IncidentRow } | "budget-line" | "foot";

interface Props {
  raised: readonly IncidentRow[];
  candidates: readonly IncidentRow[];
  candidatesTotal: number | null;
  hasLine: boolean;
  hasMore: boolean;
  chosen: string;
  fresh: ReadonlySet<string>;
  members: ReadonlySet<string>;
  attacks: ReadonlySet<string>;
  now: number;
  onChoose: (id: string) => void;
  onNearEnd: () => void;
}

const keyOf = (entry: Entry | undefined, index: number) => (entry === undefined ? index : typeof entry === "string" ? entry : entry.row.id);

export function List(props: Props) {
  const { raised, candidates, hasLine, hasMore, chosen, onNearEnd } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const entries = useMemo<Entry[]>(
    () => [
      ...raised.map((row) => ({ row })),
      ...(hasLine ? [LINE as Entry] : []),
      ...candidates.map((row) => ({ row })),
      ...(hasMore ? [FOOT as Entry] : []),
    ],
    [raised, candidates, hasLine, hasMore],
  );
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => (entries[index] === LINE ? LINE_HEIGHT : entries[index] === FOOT ? FOOT_HEIGHT : ROW_HEIGHT),
    getItemKey: (index) => keyOf(entries[index], index),
    overscan: 6,
  });
  const shown = virtual.getVirtualItems();
  const last = shown.at(-1)?.index ?? 0;

  useEffect(() => {
    if (hasMore && last >= entries.length - 20) onNearEnd();
  }, [hasMore, last, entries.length, onNearEnd]);

  // Sizes are stored by index, and the budget line's index changes with the rows.
  useEffect(() => virtual.measure(), [entries, virtual]);

  const at = entries.findIndex((entry) => typeof entry !== "string" && entry.row.id === chosen);
  const seen = useRef(chosen);
  useEffect(() => {
    if (seen.current !== chosen && at >= 0) virtual.scrollToIndex(at, { align: "auto" });
    seen.current = chosen;
  }, [chosen, at, virtual]);

  return (
    <div
      ref={scroller}
      className="queue-scroll"
      role="listbox"
      tabIndex={0}
      aria-label="Incidents, worst first"
      aria-activedescendant={at >= 0 ? `row-${chosen}` : undefined}
    >
      <div role="presentation" className="queue-canvas" style={{ height: virtual.getTotalSize() }}>
        {shown.map((item) => {
          const entry = entries[item.index];
          return (
            <div
              key={item.key}
              role="presentation"
              className="queue-slot"
              style={{ height: item.size, transform: `translateY(${item.start}px)` }}
            >
              {entry === undefined ? null : entry === LINE ? (
                <Line above={raised.length - props.members.size} members={props.members.size} below={props.candidatesTotal} />
              ) : entry === FOOT ? (
                <div className="queue-foot soft small" aria-hidden="true">
                  Loading more…
                </div>
              ) : typeof entry === "string" ? null : (
                <Row row={entry.row} now={props.now} isChosen={entry.row.id === chosen} isFresh={props.fresh.has(entry.row.id)} isMember={props.members.has(entry.row.id)} isOfAttack={!entry.row.raised && props.attacks.has(entry.row.attack)} onChoose={props.onChoose} />
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Line({ above, members, below }: { above: number; members: number; below: number | null }) {
  return (
    <div className="budget-line" role="option" aria-disabled="true" aria-selected="false">
      <span>
        <b>Budget line</b> {members > 0 ? `${number(above)} to look at` : plural(above, "incident")} above
        {members > 0 && <> ({plural(above + members, "incident")})</>}
        {below !== null && <>, {plural(below, "candidate")} below</>}
      </span>
    </div>
  );
}
