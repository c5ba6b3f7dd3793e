/** The time axis below a chart: grid lines, round times, and the day or year where it changes. */

import type { Scale } from "./scale";
import { timeTicks, type Zone } from "./time";

interface TimeAxisProps {
  from: number;
  to: number;
  x: Scale;
  /** Left and right edge of the plot, in pixels. */
  left: number;
  right: number;
  /** Vertical position of the axis, in pixels. */
  y: number;
  zone: Zone;
}

/** Height in pixels that the axis needs below `y`. */
export const AXIS_HEIGHT = 36;

export function TimeAxis({ from, to, x, left, right, y, zone }: TimeAxisProps) {
  const ticks = timeTicks(from, to, Math.max(2, Math.floor((right - left) / 84)), zone);
  let free = Number.NEGATIVE_INFINITY;
  return (
    <g className="chart-axis" aria-hidden="true">
      <path className="chart-grid" d={ticks.map((tick) => `M${x(tick.time).toFixed(1)} 0V${y}`).join("")} />
      <path className="chart-base" d={`M${left} ${y + 0.5}H${right}`} />
      {ticks.map((tick) => {
        const at = x(tick.time);
        const anchor = at > right - 34 ? "end" : at < left + 24 ? "start" : "middle";
        const isShown = tick.context !== null && tick.context !== tick.text && at > free;
        if (isShown) free = at + 92;
        return (
          <g key={tick.time}>
            <text x={at} y={y + 15} textAnchor={anchor}>{tick.text}</text>
            {isShown ? <text className="chart-context" x={at} y={y + 29} textAnchor={anchor}>{tick.context}</text> : null}
          </g>
        );
      })}
    </g>
  );
}
