/**
 * The evidence against an account over time, as a step line, with the threshold as a line. A diamond marks the step
 * that crosses it. Arrow keys move from record to record.
 *
 *   <Curve label={account} points={incident.curve} threshold={incident.threshold} />
 */

import { useId, useMemo, useState, type KeyboardEvent, type PointerEvent } from "react";
import { clamp, linear, roundTicks } from "./scale";
import { diamondPath } from "./shapes";
import { AXIS_HEIGHT, TimeAxis } from "./TimeAxis";
import { minuteText, momentText, zoneText, type Zone } from "./time";
import { useWidth } from "./width";

export interface CurveProps {
  label: string;
  /** Time (RFC 3339) and score after all records up to it, in order of time. */
  points: readonly (readonly [string, number])[];
  /** Score above which an incident is raised; null if unknown. */
  threshold: number | null;
  zone?: Zone;
  height?: number;
}

const TOP = 14;

export function Curve({ label, points, threshold, zone = "UTC", height = 170 }: CurveProps) {
  const [reference, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const gradient = useId();
  const steps = useMemo(() => points.map(([time, score]) => [Date.parse(time), score] as const), [points]);
  const first = steps[0];
  const last = steps[steps.length - 1];
  if (first === undefined || last === undefined) return <p className="chart-empty">No evidence curve is kept for this incident.</p>;
  const left = 40;
  const right = width - 10;
  const bottom = height - AXIS_HEIGHT;
  const margin = Math.max(1_800_000, (last[0] - first[0]) * 0.04);
  const [from, to] = [first[0] - margin, last[0] + margin];
  const scores = [...steps.map(([, score]) => score), ...(threshold === null ? [] : [threshold])];
  const low = Math.min(0, ...scores);
  const high = Math.max(...scores, low + 1);
  const x = linear([from, to], [left, right]);
  const y = linear([low, high + (high - low) * 0.08], [bottom, TOP]);
  const line = `M${x(first[0]).toFixed(1)} ${y(first[1]).toFixed(1)}${steps.slice(1).map(([time, score]) => `H${x(time).toFixed(1)}V${y(score).toFixed(1)}`).join("")}H${right}`;
  const crossing = threshold === null ? undefined : steps.find(([, score]) => score >= threshold);
  const words = `Evidence against ${label}: ${scoreText(first[1])} on ${minuteText(first[0], zone, true)}, ${scoreText(last[1])} on ${minuteText(last[0], zone, true)} ${zoneText(zone)}`
    + (threshold === null ? "" : crossing === undefined ? `; never above the threshold of ${scoreText(threshold)}`
      : `; above the threshold of ${scoreText(threshold)} since ${minuteText(crossing[0], zone, true)}`);
  const pointed = at === null ? undefined : steps[at];
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: 10, PageDown: -10, Home: -steps.length, End: steps.length }[event.key];
    if (step === undefined) return;
    setAt(at === null ? 0 : clamp(at + step, 0, steps.length - 1));
    event.preventDefault();
    event.stopPropagation();
  };
  const onPointerMove = (event: PointerEvent<SVGSVGElement>) => {
    const time = x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left);
    let best = 0;
    steps.forEach(([moment], index) => {
      if (Math.abs(moment - time) < Math.abs((steps[best] as readonly [number, number])[0] - time)) best = index;
    });
    setAt(best);
  };
  const text = pointed === undefined ? words : `${momentText(pointed[0], zone)} ${zoneText(zone)}: ${scoreText(pointed[1])}`;
  return (
    <div className="chart chart-curve" ref={reference}>
      <div className="chart-frame">
        <svg className="chart-plot" width={width} height={height} tabIndex={0} role="slider" aria-label={words} aria-valuemin={0}
          aria-valuemax={steps.length - 1} aria-valuenow={at ?? 0} aria-valuetext={text}
          onKeyDown={onKeyDown} onPointerMove={onPointerMove} onPointerLeave={() => setAt(null)} onBlur={() => setAt(null)}>
          <defs><linearGradient id={gradient} x1="0" x2="0" y1="0" y2="1"><stop offset="0" className="chart-stop-top" /><stop offset="1" className="chart-stop-foot" /></linearGradient></defs>
          {roundTicks(low, high, 4).map((tick) => (
            <g key={tick} className="chart-axis" aria-hidden="true">
              <path className="chart-grid" d={`M${left} ${y(tick).toFixed(1)}H${right}`} />
              <text x={left - 8} y={y(tick) + 4} textAnchor="end">{scoreText(tick)}</text>
            </g>
          ))}
          <TimeAxis from={from} to={to} x={x} left={left} right={right} y={bottom} zone={zone} />
          <path d={`${line}V${bottom}H${x(first[0]).toFixed(1)}z`} fill={`url(#${gradient})`} />
          <path className="chart-line" d={line} />
          {threshold === null ? null : (
            <>
              <path className="chart-threshold" d={`M${left} ${y(threshold).toFixed(1)}H${right}`} />
              <text className="chart-threshold-name" x={left + 6} y={y(threshold) - 5}>threshold {scoreText(threshold)}</text>
            </>
          )}
          {crossing === undefined ? null : <path className="chart-theirs" d={diamondPath(x(crossing[0]), y(crossing[1]), 4.6)} />}
          {pointed === undefined ? null : <circle className="chart-cursor" cx={x(pointed[0])} cy={y(pointed[1])} r={6} />}
        </svg>
        {pointed === undefined ? null : (
          <div className="chart-readout" aria-hidden="true" style={{ top: Math.max(0, y(pointed[1]) - 34), ...(x(pointed[0]) > width / 2 ? { right: width - x(pointed[0]) + 12 } : { left: x(pointed[0]) + 12 }) }}>{text}</div>
        )}
      </div>
    </div>
  );
}

/** Format −1.25 as "−1.3": one digit, with a true minus sign. */
export function scoreText(score: number): string {
  return String(Number(score.toFixed(1))).replace("-", "−");
}
