/** The plot of the timeline with its pointer actions: hovering reads a mark, a click selects it, a drag zooms in. */

import { useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import { plural } from "../words/numbers";
import type { Mark, TimelineLane, TimelineMoment } from "./model";
import { nearestMark, type Place } from "./navigate";
import { clamp, clipped, markRadius, type Scale } from "./scale";
import { intruderPath, ownPath } from "./shapes";
import { AXIS_HEIGHT, TimeAxis } from "./TimeAxis";
import type { Zone } from "./time";

interface TimelinePlotProps {
  summary: string;
  /** Element id of the keyboard instructions. */
  help: string;
  lanes: readonly TimelineLane[];
  marks: readonly Mark[][];
  moments: readonly TimelineMoment[];
  shown: readonly [number, number];
  x: Scale;
  width: number;
  left: number;
  right: number;
  isWide: boolean;
  zone: Zone;
  cursor: Place | null;
  readout: string;
  onCursor: (place: Place | null) => void;
  onPick: (place: Place) => void;
  onSelect: (range: [number, number] | null) => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

const REACH = 16;

export function TimelinePlot(props: TimelinePlotProps) {
  const { lanes, marks, moments, shown, x, width, left, right, isWide, zone, cursor, readout } = props;
  const svg = useRef<SVGSVGElement>(null);
  const start = useRef<number | null>(null);
  const [drag, setDrag] = useState<readonly [number, number] | null>(null);
  const laneHeight = isWide ? 34 : 44;
  const plotHeight = lanes.length * laneHeight + 4;
  const middle = (lane: number) => lane * laneHeight + (isWide ? laneHeight / 2 : laneHeight - 13) + 2;
  const where = (event: PointerEvent): [number, number] => {
    const box = svg.current?.getBoundingClientRect();
    return [clamp(event.clientX - (box?.left ?? 0), left, right), event.clientY - (box?.top ?? 0)];
  };
  const nearest = (event: PointerEvent): Place | null => {
    const [px, py] = where(event);
    const lane = clamp(Math.floor(py / laneHeight), 0, lanes.length - 1);
    const mark = nearestMark(marks[lane] ?? [], px);
    const found = mark === undefined ? undefined : marks[lane]?.[mark];
    return mark !== undefined && found !== undefined && Math.abs(found.x - px) <= REACH ? { lane, mark } : null;
  };
  const onPointerDown = (event: PointerEvent<SVGSVGElement>) => {
    if (event.button !== 0) return;
    start.current = where(event)[0];
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    const [px] = where(event);
    if (start.current !== null && Math.abs(px - start.current) > 5) {
      setDrag([Math.min(px, start.current), Math.max(px, start.current)]);
    } else if (start.current === null) props.onCursor(nearest(event));
  };
  const onPointerUp = (event: PointerEvent) => {
    const selection = drag;
    const wasDown = start.current !== null;
    start.current = null;
    setDrag(null);
    if (selection !== null) props.onSelect([x.invert(selection[0]), x.invert(selection[1])]);
    else if (wasDown) {
      const place = nearest(event);
      props.onCursor(place);
      if (place !== null) props.onPick(place);
    }
  };
  const pointed = cursor === null ? undefined : marks[cursor.lane]?.[cursor.mark];
  const visibleMoments = moments.filter((moment) => moment.time >= shown[0] && moment.time <= shown[1]);
  return (
    <div className="chart-frame">
      <svg
        ref={svg} className="chart-plot" width={width} height={plotHeight + AXIS_HEIGHT} tabIndex={0} role="application"
        aria-roledescription="timeline" aria-label={props.summary} aria-describedby={props.help}
        onKeyDown={props.onKeyDown} onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={onPointerUp}
        onPointerCancel={() => { start.current = null; setDrag(null); }}
        onPointerLeave={() => { if (start.current === null) props.onCursor(null); }}
        onDoubleClick={() => props.onSelect(null)} onBlur={() => props.onCursor(null)}
      >
        <TimeAxis from={shown[0]} to={shown[1]} x={x} left={left} right={right} y={plotHeight} zone={zone} />
        {lanes.map((lane, at) => <Lane key={lane.key} lane={lane} marks={marks[at] ?? []} y={middle(at)} left={left} right={right} isWide={isWide} />)}
        {visibleMoments.map((moment) => (
          <g key={`${moment.time} ${moment.key ?? moment.text}`}>
            <path className="chart-moment" d={`M${x(moment.time).toFixed(1)} 0V${plotHeight}`}><title>{moment.text}</title></path>
          </g>
        ))}
        {drag === null ? null : <rect className="chart-selection" x={drag[0]} y={0} width={drag[1] - drag[0]} height={plotHeight} />}
        {pointed === undefined || cursor === null ? null : (
          <circle className="chart-cursor" cx={pointed.x} cy={middle(cursor.lane)} r={markRadius(pointed.count) + 5} />
        )}
      </svg>
      {pointed === undefined || cursor === null || drag !== null ? null : (
        <Readout text={readout} x={pointed.x} y={middle(cursor.lane)} width={width} isIntruder={pointed.intruder > 0} />
      )}
    </div>
  );
}

interface LaneProps { lane: TimelineLane; marks: readonly Mark[]; y: number; left: number; right: number; isWide: boolean }

function Lane({ lane, marks, y, left, right, isWide }: LaneProps) {
  const hasIntruder = lane.points.some((point) => point.intruder > 0);
  const detail = isWide || !lane.detail ? "" : ` · ${lane.detail}`;
  const room = (isWide ? left - 14 : right - 8) - (hasIntruder ? 16 : 0) - detail.length * 6.6;
  const name = clipped(lane.name, Math.max(60, room), hasIntruder);
  return (
    <g>
      <path className="chart-lane" d={`M${isWide ? left : 4} ${y}H${right}`} />
      <text className={hasIntruder ? "chart-lane-name chart-is-theirs" : "chart-lane-name"} x={isWide ? left - 10 : 4}
        y={isWide ? (lane.detail ? y - 2 : y + 4) : y - 14} textAnchor={isWide ? "end" : "start"}>
        {hasIntruder ? `◆ ${name}` : name}{detail}
        <title>{`${lane.name}${lane.detail ? ` · ${lane.detail}` : ""}: ${plural(lane.points.reduce((sum, point) => sum + point.count, 0), "record")}`}</title>
      </text>
      {isWide && lane.detail ? <text className="chart-lane-detail" x={left - 10} y={y + 11} textAnchor="end">{lane.detail}</text> : null}
      <path className="chart-own" d={ownPath(marks, y)} />
      <path className="chart-theirs" d={intruderPath(marks, y)} />
    </g>
  );
}

function Readout({ text, x, y, width, isIntruder }: { text: string; x: number; y: number; width: number; isIntruder: boolean }) {
  const isLeft = x > width / 2;
  return (
    <div className={isIntruder ? "chart-readout chart-readout-theirs" : "chart-readout"} aria-hidden="true"
      style={{ top: y + 14, ...(isLeft ? { right: Math.max(0, width - x - 20) } : { left: Math.max(0, x - 20) }) }}>
      {text.split("\n").map((line, at) => <div key={at}>{line}</div>)}
    </div>
  );
}
