/** Format numbers. */
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const compactFormat = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });

/** Format `12,400`. */
export const number = (value: number) => whole.format(value);

/** Format `12.4K`. */
export const compact = (value: number) => compactFormat.format(value);

/** Format `1 account`, `3 accounts`. */
export const plural = (count: number, one: string, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** Format `+2.31`, `−0.40`, with a true minus sign. */
export function signed(value: number, digits = 1): string {
  const text = Math.abs(value).toFixed(digits);
  return Number(text) === 0 ? `0.${"0".repeat(digits)}` : `${value < 0 ? "−" : "+"}${text}`;
}

/** Format a score: `4.2`, `−1.3`. */
export const score = (value: number) => `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(1)}`;

/**
 * The explanation of a score, wherever one is shown. It ranks incidents; its odds hold only for the worlds that
 * trained the ranker.
 */
export const SCORE_MEANS = "Log-odds: the higher, the worse. At 0, as likely an intruder as not in the made-up organisations that the ranker learnt from; "
  + "each point more multiplies the odds by 2.7. On your own logs read it as an order. The severity also follows from what was done.";

/** Format `92 %`. */
export const percent = (share: number) => `${Math.round(share * 100)} %`;

/** Format `12.4 MB`. */
export function bytes(value: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${units[unit]}`;
}
