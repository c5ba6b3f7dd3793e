/**
 * The account timeline: one lane for each network, circles for the account's records, diamonds for the intruder's,
 * and a brush below for the shown span.
 *
 * Drag across the plot, or move the brush, to zoom in; double click shows everything. By keyboard, arrows move
 * between marks and lanes, Enter selects, + and − zoom, 0 shows everything. "As a table" shows the same data as
 * rows.
 *
 *   <Timeline label={account} lanes={lanesOfSlots(answer)} moments={momentsOfSlots(answer)} />
 *   <Timeline label={account} lanes={lanesOfIncident(incident.timeline)} range={range} onRange={setRange} />
 */

import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { plural } from "../words/numbers";
import { Brush } from "./Brush";
import { extentOf, marksOf, total, type Mark, type TimelineLane, type TimelineMoment } from "./model";
import { markAt, moved, type Place } from "./navigate";
import { clamp, countText, linear } from "./scale";
import { durationText, minuteText, momentText, zoneText, type Zone } from "./time";
import { TimelinePlot } from "./TimelinePlot";
import { TimelineTable } from "./TimelineTable";
import { useWidth } from "./width";

export interface TimelineProps {
  /** The account's name, for screen readers. */
  label: string;
  lanes: readonly TimelineLane[];
  /** Times drawn as vertical lines, such as the crossing of the threshold. */
  moments?: readonly TimelineMoment[];
  /** The whole span; the default comes from the lanes. */
  extent?: readonly [number, number];
  /** The shown span, if the page stores it (for example in the URL); null shows all. */
  range?: readonly [number, number] | null;
  /** Called when the span stops changing, not during a drag. */
  onRange?: (range: [number, number] | null) => void;
  /** Called with the span of a mark that is clicked or selected with Enter. */
  onPick?: (span: { from: number; to: number; lane: TimelineLane }) => void;
  zone?: Zone;
}

/** The shortest shown span, in milliseconds: a minute. */
const CLOSEST = 60_000;
const GAP = 9;
/** Milliseconds without a change after which the page gets the shown span. */
const SETTLED = 200;

export function Timeline({ label, lanes, moments = [], extent, range, onRange, onPick, zone = "UTC" }: TimelineProps) {
  const [reference, width] = useWidth<HTMLDivElement>();
  const [own, setOwn] = useState<readonly [number, number] | null>(null);
  // The local span during a drag: the URL cannot change as fast as the brush.
  const [ahead, setAhead] = useState<readonly [number, number] | null | undefined>(undefined);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const [cursor, setCursor] = useState<Place | null>(null);
  const [isTable, setTable] = useState(false);
  const help = useId();
  const whole = useMemo<readonly [number, number] | null>(() => extent ?? extentOf(lanes), [extent, lanes]);
  const shown = (ahead !== undefined ? ahead : range === undefined ? own : range) ?? whole;
  const isWide = width >= 620;
  const left = isWide ? Math.min(210, Math.round(width * 0.24)) : 4;
  const right = width - 10;
  const x = useMemo(() => linear(shown ?? [0, 1], [left + 6, right - 6]), [shown?.[0], shown?.[1], left, right]);
  const marks = useMemo(
    () => shown === null ? [] : lanes.map((lane) => marksOf(lane.points, shown[0], shown[1], x, GAP)),
    [lanes, x],
  );
  if (whole === null || shown === null) {
    return <p className="chart-empty">No records of this account in this span.</p>;
  }

  const show = (next: readonly [number, number] | null) => {
    let span: [number, number] | null = null;
    if (next !== null) {
      const length = Math.max(CLOSEST, next[1] - next[0]);
      const from = clamp(next[0], whole[0], whole[1] - length);
      const to = Math.min(whole[1], from + length);
      span = to - from >= (whole[1] - whole[0]) * 0.999 ? null : [from, to];
    }
    setCursor(null);
    if (range === undefined) setOwn(span);
    else setAhead(span);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      onRange?.(span);
      setAhead(undefined);
    }, SETTLED);
  };
  const zoom = (factor: number) => {
    const middle = cursor === null ? (shown[0] + shown[1]) / 2 : markAt(marks, cursor)?.from ?? (shown[0] + shown[1]) / 2;
    const half = ((shown[1] - shown[0]) * factor) / 2;
    show([middle - half, middle + half]);
  };
  const pick = (place: Place) => {
    const mark = markAt(marks, place);
    const lane = lanes[place.lane];
    if (mark !== undefined && lane !== undefined) onPick?.({ from: mark.from, to: mark.to, lane });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else if (event.key === "0") show(null);
    else if (event.key === "Enter" && cursor !== null) pick(cursor);
    else if (event.key === "Escape" && cursor !== null) setCursor(null);
    else {
      const next = moved(marks, cursor, event.key);
      if (next === undefined) return;
      setCursor(next);
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const pointed = cursor === null ? undefined : markAt(marks, cursor);
  const lane = cursor === null ? undefined : lanes[cursor.lane];
  const intruders = lanes.reduce((sum, each) => sum + total(each.points, "intruder"), 0);
  const all = lanes.reduce((sum, each) => sum + total(each.points, "count"), 0);
  const summary = `Timeline of ${label}: ${plural(all, "record")} in ${plural(lanes.length, "lane")}, ${countText(intruders)} judged the intruder's, `
    + `${minuteText(whole[0], zone, true)} to ${minuteText(whole[1], zone, true)} ${zoneText(zone)}`;
  const readout = pointed !== undefined && lane !== undefined ? readoutText(pointed, lane, zone) : "";
  return (
    <div className="chart chart-timeline" ref={reference}>
      <div className="chart-bar">
        <Legend hasMoments={moments.length > 0} />
        <div className="chart-tools">
          <span className="chart-span">{minuteText(shown[0], zone)} – {minuteText(shown[1], zone)} · {durationText(shown[1] - shown[0])} · {zoneText(zone)}</span>
          <span className="chart-buttons">
            <button type="button" onClick={() => zoom(0.5)} aria-label="Look closer" title="Look closer (+)">+</button>
            <button type="button" onClick={() => zoom(2)} aria-label="Look from further away" title="Look from further away (−)">−</button>
            <button type="button" onClick={() => show(null)} disabled={shown === whole} title="Show all (0)">All</button>
            <button type="button" aria-pressed={isTable} onClick={() => setTable(!isTable)}>As a table</button>
          </span>
        </div>
      </div>
      {isTable ? <TimelineTable label={label} lanes={lanes} from={shown[0]} to={shown[1]} zone={zone} /> : (
        <>
          <p className="chart-hidden" id={help}>
            Arrow keys move between marks and lanes, Enter picks a mark, plus and minus zoom, zero shows all.
          </p>
          <TimelinePlot
            summary={summary} help={help} lanes={lanes} marks={marks} moments={moments} shown={shown} x={x} width={width}
            left={left} right={right} isWide={isWide} zone={zone} cursor={cursor} readout={readout}
            onCursor={setCursor} onPick={pick} onSelect={show} onKeyDown={onKeyDown}
          />
          <Brush lanes={lanes} whole={whole} shown={shown} left={left} right={right} width={width} zone={zone} onChange={show} closest={CLOSEST} />
        </>
      )}
      <p className="chart-hidden" role="status">{readout}</p>
    </div>
  );
}

function Legend({ hasMoments }: { hasMoments: boolean }) {
  return (
    <div className="chart-legend">
      <span><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><circle className="chart-own" cx="7" cy="7" r="4.5" /></svg>account’s own</span>
      <span><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path className="chart-theirs" d="M7 1l6 6-6 6-6-6z" /></svg>judged the intruder’s</span>
      {hasMoments ? <span><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path className="chart-moment" d="M7 0V14" /></svg>raised</span> : null}
    </div>
  );
}

function readoutText(mark: Mark, lane: TimelineLane, zone: Zone): string {
  const own = mark.count - mark.intruder;
  const counts = [
    own > 0 ? `${countText(own)} the account’s own` : "",
    mark.intruder > 0 ? `${countText(mark.intruder)} judged the intruder’s` : "",
  ].filter(Boolean).join(", ");
  const when = mark.to - mark.from > 1000
    ? `${minuteText(mark.from, zone)} – ${minuteText(mark.to, zone)}` : momentText(mark.from, zone);
  return [`${lane.name}${lane.detail ? `, ${lane.detail}` : ""}`, `${when} ${zoneText(zone)}`, counts, mark.label ?? ""].filter(Boolean).join("\n");
}
