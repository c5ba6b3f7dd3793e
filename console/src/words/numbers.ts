/** Format numbers. */
const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const compactFormat = new Intl.NumberFormat("en-GB", { notation: "compact", maximumFractionDigits: 1 });

/** Format `12,400`. */
export const number = (value: number) => whole.format(value);

/** Format `12.4K`. */
export const compact = (value: number) => compactFormat.format(value);

/** Format `1 account`, `3 accounts`. */
export const plural = (count: number, one: string, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

/** Format with a capital first letter. */
export const upperFirst = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Format `0 of 16 active days`; one or none is said in words. */
export function daysWords(seen: number, active: number): string {
  const days = Math.round(active);
  if (days < 1) return "no earlier active day";
  if (days === 1) return Math.round(seen) >= 1 ? "its only earlier active day" : "not its only earlier active day";
  return `${number(Math.min(Math.round(seen), days))} of ${plural(days, "active day")}`;
}

/** Format `0 of 16 peers`; one or none is said in words. */
export function peersWords(having: number, peers: number): string {
  if (peers < 1) return "no peers";
  if (peers === 1) return having >= 1 ? "its only peer" : "not its only peer";
  return `${number(Math.min(having, peers))} of ${plural(peers, "peer")}`;
}

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

/** Format `about 3 in 10 such incidents are real`; the chance was measured on made-up organisations. */
export function chanceWords(chance: number): string {
  if (chance < 0.001) return "fewer than 1 in 1,000 such incidents are real";
  if (chance < 0.095) {
    const often = 1 / chance;
    return `about 1 in ${number(often >= 30 ? Math.round(often / 10) * 10 : Math.round(often))} such incidents is real`;
  }
  const tenths = Math.round(chance * 10);
  return chance >= 0.95 ? "more than 9 in 10 such incidents are real" : `about ${tenths} in 10 such incidents ${tenths === 1 ? "is" : "are"} real`;
}

/** Explain a score with its chance. */
export const scoreMeans = (chance: number) => `Chance ${(100 * chance).toFixed(chance < 0.1 ? 1 : 0)} %: ${chanceWords(chance)}, in made-up organisations. ${SCORE_MEANS}`;

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
