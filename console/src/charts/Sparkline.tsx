/**
 * A small line chart without axes; a dot marks the last value.
 *
 *   <Sparkline values={[3, 5, 2]} label="records a day" />
 */

import { plural } from "../words/numbers";
import { linear } from "./scale";

export interface SparklineProps {
  values: readonly number[];
  label: string;
  width?: number;
  height?: number;
}

export function Sparkline({ values, label, width = 96, height = 24 }: SparklineProps) {
  const last = values[values.length - 1];
  if (last === undefined) return null;
  const x = linear([0, Math.max(1, values.length - 1)], [3, width - 4]);
  const y = linear([0, Math.max(1, ...values)], [height - 3, 3]);
  const at = values.length === 1 ? width - 4 : x(values.length - 1);
  return (
    <svg className="chart-spark" width={width} height={height} role="img" aria-label={`${label}: ${plural(values.length, "value")}, last ${last}, most ${Math.max(...values)}`}>
      <path className="chart-line" d={values.map((value, index) => `${index === 0 ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join("")} />
      <circle className="chart-own" cx={at} cy={y(last)} r={2.6} />
    </svg>
  );
}
