/**
 * Expected and observed frequency of small p-values. On the diagonal the detector is calibrated; the band is half to
 * twice. Both axes are logarithmic if p-values below 0.02 are known.
 *
 *   <Calibration expected={[0.001, 0.01, 0.1]} observed={[0.0012, 0.009, 0.1]} />
 */

import { useId } from "react";
import { plural } from "../words/numbers";
import { linear } from "./scale";
import { useWidth } from "./width";

export interface CalibrationProps {
  expected: readonly number[];
  observed: readonly number[];
}

const HEIGHT = 300;

export function Calibration({ expected, observed }: CalibrationProps) {
  const [reference, width] = useWidth<HTMLDivElement>(420);
  const clip = useId();
  const pairs = expected.map((value, at) => [value, observed[at] ?? 0] as const).filter(([value]) => value > 0);
  const seen = pairs.filter(([, value]) => value > 0);
  if (pairs.length === 0) return <p className="chart-empty">Nothing is scored yet, so nothing can be compared.</p>;
  const smallest = Math.min(...pairs.map(([value]) => value));
  const isLog = smallest < 0.02;
  const low = isLog ? Math.floor(Math.log10(Math.min(smallest, ...seen.map(([, value]) => value))) + 1e-9) : 0;
  const [left, right, top, bottom] = [58, width - 12, 10, HEIGHT - 44];
  const placed = (share: number) => (isLog ? Math.max(low, Math.log10(share)) : share);
  const x = linear([low, placed(1)], [left, right]);
  const y = linear([low, placed(1)], [bottom, top]);
  const at = (wanted: number, got: number): [number, number] => [x(placed(wanted)), got > 0 ? y(Math.min(placed(1), placed(got))) : bottom];
  const ticks = isLog ? Array.from({ length: -low + 1 }, (_, step) => 10 ** (low + step)) : [0, 0.2, 0.4, 0.6, 0.8, 1];
  const first = isLog ? 10 ** low : 0;
  const corner = (wanted: number, factor: number) => `${x(placed(wanted)).toFixed(1)} ${y(isLog ? placed(wanted) + Math.log10(factor) : wanted * factor).toFixed(1)}`;
  const inside = seen.filter(([wanted, got]) => got / wanted >= 0.5 && got / wanted <= 2).length;
  const words = `Calibration: ${inside} of ${plural(pairs.length, "chance")} ${pairs.length === 1 ? "lies" : "lie"} between half and twice what they should be.`;
  return (
    <div className="chart chart-calibration" ref={reference}>
      <svg className="chart-plot" width={width} height={HEIGHT} role="img" aria-label={words}>
        <clipPath id={clip}><rect x={left} y={top} width={right - left} height={bottom - top} /></clipPath>
        {ticks.map((tick) => (
          <g key={tick} className="chart-axis">
            <path className="chart-grid" d={`M${x(placed(tick)).toFixed(1)} ${top}V${bottom}M${left} ${y(placed(tick)).toFixed(1)}H${right}`} />
            <text x={x(placed(tick))} y={bottom + 16} textAnchor={tick === 1 ? "end" : tick === first ? "start" : "middle"}>{chance(tick)}</text>
            <text x={left - 8} y={y(placed(tick)) + 4} textAnchor="end">{chance(tick)}</text>
          </g>
        ))}
        <g clipPath={`url(#${clip})`}>
          <path className="chart-band" d={`M${corner(first, 0.5)}L${corner(1, 0.5)}L${corner(1, 2)}L${corner(first, 2)}z`} />
          <path className="chart-diagonal" d={`M${corner(first, 1)}L${corner(1, 1)}`} />
        </g>
        <path className="chart-line" d={seen.map(([wanted, got], index) => `${index === 0 ? "M" : "L"}${at(wanted, got).map((pixel) => pixel.toFixed(1)).join(" ")}`).join("")} />
        {pairs.map(([wanted, got]) => {
          const fits = got / wanted >= 0.5 && got / wanted <= 2;
          const [px, py] = at(wanted, got);
          const title = <title>{`${percent(wanted)} expected, ${percent(got)} observed`}</title>;
          return fits ? <circle key={wanted} className="chart-own" cx={px} cy={py} r={4.5}>{title}</circle>
            : <path key={wanted} className="chart-theirs" d={`M${px} ${py - 6}l6 6l-6 6l-6 -6z`}>{title}</path>;
        })}
        <text className="chart-title" x={(left + right) / 2} y={HEIGHT - 8} textAnchor="middle">share of account-days expected</text>
        <text className="chart-title" transform={`translate(12 ${(top + bottom) / 2}) rotate(-90)`} textAnchor="middle">observed</text>
      </svg>
      <div className="chart-legend">
        <span><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><circle className="chart-own" cx="7" cy="7" r="4.5" /></svg>between half and twice</span>
        <span><svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path className="chart-theirs" d="M7 1l6 6-6 6-6-6z" /></svg>outside</span>
      </div>
    </div>
  );
}

function chance(share: number): string {
  return share === 0 || share >= 0.000999 ? String(Number(share.toFixed(3))) : `10${superscript(Math.round(Math.log10(share)))}`;
}

function superscript(value: number): string {
  return String(value).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] as string);
}

/** Format .0123 as "1.23 %". */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
