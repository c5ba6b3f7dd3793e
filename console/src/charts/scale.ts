/** Chart scales: convert numbers to pixels, and choose round tick values. */

export interface Scale {
  (value: number): number;
  invert(pixel: number): number;
}

/** Return a linear scale; an empty domain maps to the middle of the range. */
export function linear(domain: readonly [number, number], range: readonly [number, number]): Scale {
  const [low, high] = domain;
  const [start, end] = range;
  const length = high - low;
  const scale = ((value: number) =>
    length === 0 ? (start + end) / 2 : start + ((value - low) / length) * (end - start)) as Scale;
  scale.invert = (pixel: number) => (end === start ? low : low + ((pixel - start) / (end - start)) * length);
  return scale;
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high));
}

/** Return about `wanted` round numbers (1, 2, 5 × 10ⁿ) from `low` to `high`. */
export function roundTicks(low: number, high: number, wanted: number): number[] {
  if (!(high > low) || wanted < 1) return [low];
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * (rough / power >= 5 ? 10 : rough / power >= 2 ? 5 : rough / power >= 1 ? 2 : 1);
  const ticks: number[] = [];
  for (let at = Math.ceil(low / step); at * step <= high + step * 1e-9; at += 1) {
    ticks.push(Number((at * step).toPrecision(12)));
  }
  return ticks;
}

const COUNT = new Intl.NumberFormat("en-GB");

/** Format 12345 as "12,345". */
export function countText(count: number): string {
  return COUNT.format(count);
}

/** Format 12345 as "12k", for axes with little room. */
export function shortCount(count: number): string {
  const size = Math.abs(count);
  if (size >= 1e6) return `${trimmed(count / 1e6)}M`;
  if (size >= 1e3) return `${trimmed(count / 1e3)}k`;
  return trimmed(count);
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(Math.abs(value) >= 10 ? 0 : 1)));
}

/** Return the radius in pixels of a mark for `count` records, which grows logarithmically. */
export function markRadius(count: number): number {
  return Math.min(2.6 + 1.5 * Math.log10(Math.max(1, count)), 8);
}

/** Cut a text to about this many pixels at 12.5 px type, estimated from narrow, wide and other letters. */
export function clipped(text: string, room: number, isBold = false): string {
  let used = 0;
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at] as string;
    const width = /[ .,:;'’·iltfj]/.test(letter) ? 4 : /[A-Z@mw0-9_]/.test(letter) ? 8.1 : 6.7;
    used += width * (isBold ? 1.07 : 1);
    if (used > room) return `${text.slice(0, Math.max(1, at - 1))}…`;
  }
  return text;
}
