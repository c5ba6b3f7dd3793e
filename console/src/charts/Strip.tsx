/**
 * Networks and countries of an account over time: two bands whose columns show each value's share of the records. A
 * diamond above a column marks records of the intruder. Values differ in colour and texture.
 *
 *   <Strip label={account} timeline={answer of GET /api/account/timeline} />
 */

import { useId, useMemo } from "react";
import type { SlotTimeline } from "./model";
import { CATEGORIES, Swatch, textureOf, Textures } from "./patterns";
import { countText, linear } from "./scale";
import { AXIS_HEIGHT, TimeAxis } from "./TimeAxis";
import { minuteText, zoneText, type Zone } from "./time";
import { useWidth } from "./width";

export interface StripProps {
  label: string;
  timeline: SlotTimeline;
  zone?: Zone;
}

const COLUMN = 12;
const BAND = 26;
const TOP = 12;
const SPACE = 8;

interface Value { name: string; count: number; intruder: number }
interface Band { name: string; values: Value[]; columns: { counts: number[]; total: number; isIntruder: boolean }[] }

export function Strip({ label, timeline, zone = "UTC" }: StripProps) {
  const [reference, width] = useWidth<HTMLDivElement>();
  const id = useId();
  // Use the same edges as the timeline above.
  const left = (width >= 620 ? Math.min(210, Math.round(width * 0.24)) : 4) + 6;
  const right = width - 16;
  const [from, to] = [Date.parse(timeline.from), Date.parse(timeline.to)];
  const columns = Math.max(1, Math.floor((right - left) / COLUMN));
  const bands = useMemo(() => [
    band("Network", timeline, columns, (lane) => lane.network || "unknown"),
    band("Country", timeline, columns, (lane) => lane.country || "unknown"),
  ], [timeline, columns]);
  if (!(to > from) || timeline.lanes.length === 0) return <p className="chart-empty">No records in this span.</p>;
  const x = linear([from, to], [left, right]);
  const size = (right - left) / columns;
  const top = (at: number) => TOP + at * (BAND + SPACE);
  const height = top(bands.length) - SPACE + 6;
  const words = bands.map((each) => `${each.name}: ${each.values.slice(0, 4).map((value) => `${value.name} ${countText(value.count)}`).join(", ")}`).join(". ");
  return (
    <div className="chart chart-strip" ref={reference}>
      <svg className="chart-plot" width={width} height={height + AXIS_HEIGHT} role="img"
        aria-label={`Networks and countries of ${label}, ${minuteText(from, zone, true)} to ${minuteText(to, zone, true)} ${zoneText(zone)}. ${words}.`}>
        <Textures id={id} />
        <TimeAxis from={from} to={to} x={x} left={left} right={right} y={height} zone={zone} />
        {bands.map((each, at) => (
          <g key={each.name}>
            {width >= 620 ? <text className="chart-lane-name" x={left - 10} y={top(at) + BAND / 2 + 4} textAnchor="end">{each.name}</text> : null}
            <rect className="chart-track" x={left} y={top(at)} width={right - left} height={BAND} />
            {bandPaths(each, left, size, top(at)).map((path, category) => (
              path === "" ? null : <path key={category} fill={textureOf(id, category)} d={path} />
            ))}
          </g>
        ))}
        <path className="chart-theirs" d={(bands[0] as Band).columns.map((column, at) => column.isIntruder
          ? `M${(left + (at + 0.5) * size).toFixed(1)} 0l4.5 4.5l-4.5 4.5l-4.5 -4.5z` : "").join("")} />
      </svg>
      <div className="chart-legends">
        {bands.map((each) => (
          <div key={each.name} className="chart-legend">
            <b>{each.name}</b>
            {each.values.slice(0, CATEGORIES).map((value, at) => (
              <span key={value.name} className={value.intruder > 0 ? "chart-is-theirs" : undefined}>
                <Swatch id={id} category={at} />{value.name}{value.intruder > 0 ? " ◆" : ""} <i>{countText(value.count)}</i>
              </span>
            ))}
            {each.values.length > CATEGORIES ? (
              <span><Swatch id={id} category={CATEGORIES} />{each.values.length - CATEGORIES} others <i>{countText(each.values.slice(CATEGORIES).reduce((sum, value) => sum + value.count, 0))}</i></span>
            ) : null}
          </div>
        ))}
        <div className="chart-legend"><span>Columns by share of records · {zoneText(zone)}</span></div>
      </div>
    </div>
  );
}

function band(name: string, timeline: SlotTimeline, columns: number, key: (lane: SlotTimeline["lanes"][number]) => string): Band {
  const values = new Map<string, Value>();
  for (const lane of timeline.lanes) {
    const value = values.get(key(lane)) ?? { name: key(lane), count: 0, intruder: 0 };
    for (const [, count, intruder] of lane.points) {
      value.count += count;
      value.intruder += intruder;
    }
    values.set(value.name, value);
  }
  const sorted = [...values.values()].sort((one, other) => other.count - one.count);
  const category = new Map(sorted.map((value, at) => [value.name, Math.min(at, CATEGORIES)]));
  const span = Date.parse(timeline.to) - Date.parse(timeline.from);
  const filled = Array.from({ length: columns }, () => ({ counts: new Array<number>(CATEGORIES + 1).fill(0), total: 0, isIntruder: false }));
  for (const lane of timeline.lanes) {
    const at = category.get(key(lane)) ?? CATEGORIES;
    for (const [slot, count, intruder] of lane.points) {
      const share = ((slot + 0.5) * timeline.slot_seconds * 1000) / span;
      const column = filled[Math.min(columns - 1, Math.max(0, Math.floor(share * columns)))];
      if (column === undefined) continue;
      column.counts[at] = (column.counts[at] ?? 0) + count;
      column.total += count;
      if (intruder > 0) column.isIntruder = true;
    }
  }
  return { name, values: sorted, columns: filled };
}

/** Build one path for each category: its part of every column. */
function bandPaths(each: Band, left: number, size: number, top: number): string[] {
  const paths = new Array<string>(CATEGORIES + 1).fill("");
  each.columns.forEach((column, at) => {
    if (column.total === 0) return;
    let y = top + BAND;
    column.counts.forEach((count, category) => {
      if (count === 0) return;
      const height = Math.max(3, (count / column.total) * BAND);
      const start = Math.max(top, y - height);
      paths[category] += `M${(left + at * size).toFixed(1)} ${start.toFixed(1)}h${(size - 1).toFixed(1)}v${(y - start).toFixed(1)}h-${(size - 1).toFixed(1)}z`;
      y = start;
    });
  });
  return paths;
}
