/** Format chart times: milliseconds since 1970, shown in UTC or the user's own zone. */

export type Zone = "UTC" | "local";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const STEPS = [
  SECOND, 5 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 365 * DAY,
];

interface Parts { year: number; month: number; day: number; hour: number; minute: number; second: number }

function parts(time: number, zone: Zone): Parts {
  const date = new Date(time);
  return zone === "UTC"
    ? { year: date.getUTCFullYear(), month: date.getUTCMonth(), day: date.getUTCDate(),
        hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds() }
    : { year: date.getFullYear(), month: date.getMonth(), day: date.getDate(),
        hour: date.getHours(), minute: date.getMinutes(), second: date.getSeconds() };
}

function midnight(year: number, month: number, day: number, zone: Zone): number {
  return zone === "UTC" ? Date.UTC(year, month, day) : new Date(year, month, day).getTime();
}

const two = (value: number) => String(value).padStart(2, "0");

/** Format "2026-03-14 09:26:53", for readouts. */
export function momentText(time: number, zone: Zone = "UTC"): string {
  if (!Number.isFinite(time)) return "";
  const at = parts(time, zone);
  return `${at.year}-${two(at.month + 1)}-${two(at.day)} ${two(at.hour)}:${two(at.minute)}:${two(at.second)}`;
}

/** Format "14 Mar 09:26", for labels; the year only if `year` is set. */
export function minuteText(time: number, zone: Zone = "UTC", year = false): string {
  if (!Number.isFinite(time)) return "";
  const at = parts(time, zone);
  return `${at.day} ${MONTHS[at.month]}${year ? ` ${at.year}` : ""} ${two(at.hour)}:${two(at.minute)}`;
}

/** Format "14 Mar". */
export function dayText(time: number, zone: Zone = "UTC"): string {
  const at = parts(time, zone);
  return `${at.day} ${MONTHS[at.month]}`;
}

/** Return "UTC" or the name of the user's zone, shown beside every axis. */
export function zoneText(zone: Zone): string {
  return zone === "UTC" ? "UTC" : Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Format 5400000 as "1 h 30 min". */
export function durationText(length: number): string {
  const units: [number, string][] = [[DAY, "d"], [HOUR, "h"], [MINUTE, "min"], [SECOND, "s"]];
  const first = units.findIndex(([size]) => length >= size);
  if (first < 0) return "0 s";
  const [size, name] = units[first] as [number, string];
  const whole = Math.floor(length / size);
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.round((length - whole * size) / next[0]);
  return rest > 0 && next !== undefined && whole < 10 ? `${whole} ${name} ${rest} ${next[1]}` : `${whole} ${name}`;
}

export interface TimeTick {
  time: number;
  /** "09:30" within a day, "14 Mar" at midnight, "Mar" over years. */
  text: string;
  /** The day or year that the text omits; set only where it changes. */
  context: string | null;
}

/** Return about `wanted` round times between `from` and `to`; steps of a day or more begin at midnight in `zone`. */
export function timeTicks(from: number, to: number, wanted: number, zone: Zone = "UTC"): TimeTick[] {
  if (!(to > from) || wanted < 1) return [];
  const step = STEPS.find((size) => (to - from) / size <= wanted) ?? 365 * DAY;
  const moments = step < DAY ? withinDays(from, to, step, zone) : step < 30 * DAY
    ? wholeDays(from, to, step / DAY, zone) : wholeMonths(from, to, step, zone);
  let before = "";
  return moments.map((time, index) => {
    const at = parts(time, zone);
    const isMidnight = at.hour === 0 && at.minute === 0 && at.second === 0;
    const day = `${at.day} ${MONTHS[at.month]}`;
    const text = step >= 30 * DAY ? MONTHS[at.month] as string
      : step >= DAY || isMidnight ? day
      : step < MINUTE ? `${two(at.hour)}:${two(at.minute)}:${two(at.second)}` : `${two(at.hour)}:${two(at.minute)}`;
    const context = step < DAY && !isMidnight ? `${day} ${at.year}` : String(at.year);
    const shown = step < DAY ? `${day} ${at.year}` : String(at.year);
    const changed = shown !== before;
    before = shown;
    return { time, text, context: changed && (index === 0 || step >= DAY || !isMidnight) ? context : null };
  });
}

function withinDays(from: number, to: number, step: number, zone: Zone): number[] {
  const at = parts(from, zone);
  const moments: number[] = [];
  for (let day = 0; ; day += 1) {
    const start = midnight(at.year, at.month, at.day + day, zone);
    if (start > to) return moments;
    const end = midnight(at.year, at.month, at.day + day + 1, zone);
    const first = Math.max(0, Math.ceil((from - start) / step));
    for (let time = start + first * step; time < end && time <= to; time += step) moments.push(time);
  }
}

function wholeDays(from: number, to: number, days: number, zone: Zone): number[] {
  const at = parts(from, zone);
  const moments: number[] = [];
  for (let day = 0; ; day += days) {
    const time = midnight(at.year, at.month, at.day + day, zone);
    if (time > to) return moments;
    if (time >= from) moments.push(time);
  }
}

function wholeMonths(from: number, to: number, step: number, zone: Zone): number[] {
  const months = step >= 365 * DAY ? 12 : step >= 91 * DAY ? 3 : 1;
  const at = parts(from, zone);
  const moments: number[] = [];
  for (let month = months === 12 ? 0 : at.month - (at.month % months); ; month += months) {
    const time = midnight(at.year, month, 1, zone);
    if (time > to) return moments;
    if (time >= from) moments.push(time);
  }
}
