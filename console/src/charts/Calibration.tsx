/**
 * How often p-values as small as these should come, and did: on the diagonal the detector's chances are honest; the
 * band is half to twice. Both axes are logarithmic.
 *
 *   <Calibration expected={[0.001, 0.01, 0.1]} observed={[0.0012, 0.009, 0.1]} />
 */

import { linear } from "./scale";
import { useWidth } from "./width";

export interface CalibrationProps {
  expected: readonly number[];
  observed: readonly number[];
}

const HEIGHT = 300;

export function Calibration({ expected, observed }: CalibrationProps) {
  const [reference, width] = useWidth<HTMLDivElement>(420);
  const pairs = expected.map((value, at) => [value, observed[at] ?? 0] as const).filter(([value]) => value > 0);
  const seen = pairs.filter(([, value]) => value > 0);
  if (pairs.length === 0) return <p className="chart-empty">Nothing is scored yet, so nothing can be compared.</p>;
  const smallest = Math.min(...pairs.map(([value]) => value), ...seen.map(([, value]) => value));
  const low = Math.floor(Math.log10(smallest) + 1e-9);
  const [left, right, top, bottom] = [58, width - 12, 10, HEIGHT - 44];
  const x = linear([low, 0], [left, right]);
  const y = linear([low, 0], [bottom, top]);
  const limit = (value: number) => y(Math.min(0, Math.max(low, value)));
  const decades = Array.from({ length: -low + 1 }, (_, at) => low + at);
  const two = Math.log10(2);
  const inside = seen.filter(([wanted, got]) => got / wanted >= 0.5 && got / wanted <= 2).length;
  const words = `Calibration: ${inside} of ${pairs.length} chances lie between half and twice what they should be.`;
  return (
    <div className="chart chart-calibration" ref={reference}>
      <svg className="chart-plot" width={width} height={HEIGHT} role="img" aria-label={words}>
        <clipPath id="calibration-clip"><rect x={left} y={top} width={right - left} height={bottom - top} /></clipPath>
        {decades.map((decade) => (
          <g key={decade} className="chart-axis">
            <path className="chart-grid" d={`M${x(decade).toFixed(1)} ${top}V${bottom}M${left} ${y(decade).toFixed(1)}H${right}`} />
            <text x={x(decade)} y={bottom + 16} textAnchor={decade === 0 ? "end" : decade === low ? "start" : "middle"}>{chance(decade)}</text>
            <text x={left - 8} y={y(decade) + 4} textAnchor="end">{chance(decade)}</text>
          </g>
        ))}
        <g clipPath="url(#calibration-clip)">
          <path className="chart-band" d={`M${x(low)} ${y(low - two)}L${x(0)} ${y(-two)}V${y(two)}L${x(low)} ${y(low + two)}z`} />
          <path className="chart-diagonal" d={`M${x(low)} ${y(low)}L${x(0)} ${y(0)}`} />
        </g>
        <path className="chart-line" d={seen.map(([wanted, got], at) => `${at === 0 ? "M" : "L"}${x(Math.log10(wanted)).toFixed(1)} ${limit(Math.log10(got)).toFixed(1)}`).join("")} />
        {pairs.map(([wanted, got]) => {
          const fits = got / wanted >= 0.5 && got / wanted <= 2;
          const [px, py] = [x(Math.log10(wanted)), got > 0 ? limit(Math.log10(got)) : bottom];
          return fits ? <circle key={wanted} className="chart-own" cx={px} cy={py} r={4.5}><title>{`${percent(wanted)} expected, ${percent(got)} observed`}</title></circle>
            : <path key={wanted} className="chart-theirs" d={`M${px} ${py - 6}l6 6l-6 6l-6 -6z`}><title>{`${percent(wanted)} expected, ${percent(got)} observed`}</title></path>;
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

function chance(decade: number): string {
  return decade === 0 ? "1" : decade >= -3 ? String(Number((10 ** decade).toFixed(3))) : `10${superscript(decade)}`;
}

function superscript(value: number): string {
  return String(value).replace("-", "⁻").replace(/\d/g, (digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(digit)] as string);
}

/** .0123 → "1.23 %". */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
