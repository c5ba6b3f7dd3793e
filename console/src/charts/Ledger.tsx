/**
 * Announced incidents by week as bars, divided by the analysts' answers.
 *
 *   <Ledger weeks={detector.ledger} />
 */

import { useId } from "react";
import { countText, linear, roundTicks } from "./scale";
import { Swatch, textureOf, Textures } from "./patterns";
import { dayText } from "./time";
import { useWidth } from "./width";

export interface LedgerWeek {
  week: string;
  announced: number;
  compromised: number;
  safe: number;
  expected: number;
  unanswered: number;
}

export interface LedgerProps {
  weeks: readonly LedgerWeek[];
}

const HEIGHT = 268;
const PARTS = [["compromised", 1], ["safe", 0], ["expected", 2], ["unanswered", 6]] as const;
const NAMES = { compromised: "compromised", safe: "false alarm", expected: "expected change", unanswered: "not answered" };

export function Ledger({ weeks }: LedgerProps) {
  const [reference, width] = useWidth<HTMLDivElement>(480);
  const id = useId();
  if (weeks.length === 0) return <p className="chart-empty">Nothing has been announced yet.</p>;
  const most = Math.max(1, ...weeks.map((week) => Math.max(week.announced, parts(week))));
  const [left, right, top, bottom] = [36, width - 8, 14, HEIGHT - 28];
  const y = linear([0, most], [bottom, top]);
  const size = (right - left) / weeks.length;
  const bar = Math.min(56, size * 0.72);
  const every = Math.ceil(62 / size);
  const words = weeks.map((week) => `week of ${week.week}: ${week.announced} announced, ${week.compromised} compromised, ${week.safe} false alarms, ${week.expected} expected changes, ${week.unanswered} not answered`).join("; ");
  return (
    <div className="chart chart-ledger" ref={reference}>
      <svg className="chart-plot" width={width} height={HEIGHT} role="img" aria-label={`Announced incidents by week: ${words}.`}>
        <Textures id={id} />
        {roundTicks(0, most, Math.min(4, most)).filter(Number.isInteger).map((tick) => (
          <g key={tick} className="chart-axis">
            <path className="chart-grid" d={`M${left} ${y(tick).toFixed(1)}H${right}`} />
            <text x={left - 8} y={y(tick) + 4} textAnchor="end">{countText(tick)}</text>
          </g>
        ))}
        {weeks.map((week, at) => {
          const middle = left + (at + 0.5) * size;
          let base = 0;
          return (
            <g key={week.week}>
              {PARTS.map(([part, category]) => {
                const from = base;
                base += week[part];
                return week[part] > 0 ? <rect key={part} x={middle - bar / 2} width={bar} y={y(base)} height={Math.max(1, y(from) - y(base) - 1)} rx={2} fill={textureOf(id, category)}><title>{`${week.week}: ${week[part]} ${NAMES[part]}`}</title></rect> : null;
              })}
              {at % every === 0 ? <text className="chart-tick" x={middle} y={bottom + 17} textAnchor="middle">{dayText(Date.parse(week.week))}</text> : null}
            </g>
          );
        })}
        <path className="chart-base" d={`M${left} ${bottom + 0.5}H${right}`} />
      </svg>
      <div className="chart-legend">
        {PARTS.map(([part, category]) => <span key={part}><Swatch id={id} category={category} />{NAMES[part]}</span>)}
        <span>by the Monday of the week</span>
      </div>
    </div>
  );
}

function parts(week: LedgerWeek): number {
  return week.compromised + week.safe + week.expected + week.unanswered;
}
