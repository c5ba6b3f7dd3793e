/** The whole span in small, with the shown part as a window to move and resize by pointer or keys. */

import { useRef, type KeyboardEvent, type PointerEvent } from "react";
import type { TimelineLane } from "./model";
import { clamp, linear } from "./scale";
import { durationText, minuteText, zoneText, type Zone } from "./time";

interface BrushProps {
  lanes: readonly TimelineLane[];
  whole: readonly [number, number];
  shown: readonly [number, number];
  left: number;
  right: number;
  width: number;
  zone: Zone;
  /** The shortest window, in milliseconds. */
  closest: number;
  onChange: (range: [number, number] | null) => void;
}

type Part = "from" | "to" | "window";
const HEIGHT = 40;

export function Brush({ lanes, whole, shown, left, right, width, zone, closest, onChange }: BrushProps) {
  const svg = useRef<SVGSVGElement>(null);
  const grip = useRef<{ part: Part; at: number; shown: readonly [number, number] } | null>(null);
  const x = linear(whole, [left + 6, right - 6]);
  const [from, to] = [x(shown[0]), x(shown[1])];
  const time = (event: PointerEvent) => x.invert(event.clientX - (svg.current?.getBoundingClientRect().left ?? 0));
  const change = (part: Part, by: number, at: readonly [number, number]) => {
    if (part === "from") onChange([clamp(at[0] + by, whole[0], at[1] - closest), at[1]]);
    else if (part === "to") onChange([at[0], clamp(at[1] + by, at[0] + closest, whole[1])]);
    else {
      const step = clamp(by, whole[0] - at[0], whole[1] - at[1]);
      onChange([at[0] + step, at[1] + step]);
    }
  };
  const onPointerDown = (event: PointerEvent<SVGSVGElement>) => {
    if (event.button !== 0) return;
    const at = time(event);
    const pixel = x(at);
    const part: Part = Math.abs(pixel - from) < 12 && Math.abs(pixel - from) <= Math.abs(pixel - to) ? "from"
      : Math.abs(pixel - to) < 12 ? "to" : "window";
    let start = shown;
    if (part === "window" && (pixel < from || pixel > to)) {
      const half = (shown[1] - shown[0]) / 2;
      const middle = clamp(at, whole[0] + half, whole[1] - half);
      start = [middle - half, middle + half];
      onChange([start[0], start[1]]);
    }
    grip.current = { part, at, shown: start };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const onPointerMove = (event: PointerEvent) => {
    const held = grip.current;
    if (held !== null) change(held.part, time(event) - held.at, held.shown);
  };
  const release = () => { grip.current = null; };
  const onKeyDown = (part: Part) => (event: KeyboardEvent) => {
    const step = (whole[1] - whole[0]) / (event.shiftKey ? 10 : 50);
    if (event.key === "ArrowLeft" || event.key === "ArrowDown") change(part, -step, shown);
    else if (event.key === "ArrowRight" || event.key === "ArrowUp") change(part, step, shown);
    else if (event.key === "Home") change(part, whole[0] - whole[1], shown);
    else if (event.key === "End") change(part, whole[1] - whole[0], shown);
    else if (event.key === "Escape") onChange(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const handle = (part: Part, at: number, name: string, value: number) => (
    <g className="chart-handle" role="slider" tabIndex={0} aria-label={name} aria-orientation="horizontal" aria-valuemin={whole[0]}
      aria-valuemax={whole[1]} aria-valuenow={Math.round(value)} onKeyDown={onKeyDown(part)}
      aria-valuetext={part === "window" ? `${minuteText(shown[0], zone, true)}, ${durationText(shown[1] - shown[0])}` : `${minuteText(value, zone, true)} ${zoneText(zone)}`}>
      {part === "window" ? <rect className="chart-window" x={from} y={1} width={Math.max(2, to - from)} height={HEIGHT - 2} rx={3} />
        : <rect className="chart-grip" x={at - 4} y={HEIGHT / 2 - 10} width={8} height={20} rx={3} />}
    </g>
  );
  const { own, theirs } = density(lanes, whole, x, left + 6, right - 6);
  return (
    <svg ref={svg} className="chart-brush" width={width} height={HEIGHT} role="group" aria-label="Shown span of the timeline"
      onPointerDown={onPointerDown} onPointerMove={onPointerMove} onPointerUp={release} onPointerCancel={release}
      onDoubleClick={() => onChange(null)}>
      <rect className="chart-track" x={left} y={0.5} width={right - left} height={HEIGHT - 1} rx={4} />
      <path className="chart-own" d={own} />
      <path className="chart-theirs" d={theirs} />
      {handle("window", 0, "Move the shown span", shown[0])}
      {handle("from", from, "Start of the shown span", shown[0])}
      {handle("to", to, "End of the shown span", shown[1])}
    </svg>
  );
}

/** Draw bars for all records, and a row of diamonds below where the intruder was. */
function density(
  lanes: readonly TimelineLane[], whole: readonly [number, number], x: (time: number) => number, left: number, right: number,
): { own: string; theirs: string } {
  const size = 4;
  const bins = Math.max(1, Math.ceil((right - left) / size));
  const counts = new Float64Array(bins);
  const intruders = new Uint8Array(bins);
  for (const lane of lanes) {
    for (const point of lane.points) {
      if (point.to < whole[0] || point.from > whole[1]) continue;
      const bin = clamp(Math.floor((x((point.from + point.to) / 2) - left) / size), 0, bins - 1);
      counts[bin] = (counts[bin] ?? 0) + point.count;
      if (point.intruder > 0) intruders[bin] = 1;
    }
  }
  const most = Math.log1p(counts.reduce((high, count) => Math.max(high, count), 1));
  let own = "";
  let theirs = "";
  let last = -2;
  counts.forEach((count, bin) => {
    const at = left + bin * size;
    if (count > 0) {
      const height = Math.max(2, (Math.log1p(count) / most) * (HEIGHT - 16));
      own += `M${at.toFixed(1)} ${HEIGHT - 10}v-${height.toFixed(1)}h${size - 1}v${height.toFixed(1)}z`;
    }
    if (intruders[bin] === 1 && bin - last >= 2) {
      theirs += `M${(at + 1.5).toFixed(1)} ${HEIGHT - 9}l3.5 3.5l-3.5 3.5l-3.5 -3.5z`;
      last = bin;
    }
  });
  return { own, theirs };
}
