/** Format times. Exact times are UTC and say so. */
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

const dateFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const yearFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const clockFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
const secondsFormat = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC" });

/** Format `14 May`, with the year if it is not the present one. */
export function day(time: string | number, now = Date.now()): string {
  const date = new Date(time);
  return date.getUTCFullYear() === new Date(now).getUTCFullYear() ? dateFormat.format(date) : yearFormat.format(date);
}

/** Format `09:31`. */
export const clock = (time: string | number) => clockFormat.format(new Date(time));

/** Format `14 May 09:31`. */
export const moment = (time: string | number, now = Date.now()) => `${day(time, now)} ${clock(time)}`;

/** Format `14 May 2024, 09:31:07 UTC`, for titles and records. */
export function exact(time: string | number): string {
  const date = new Date(time);
  return `${yearFormat.format(date)}, ${secondsFormat.format(date)} UTC`;
}

/** Format `40 s`, `5 min`, `3 h`, `2 d`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, seconds);
  if (whole < MINUTE) return `${Math.round(whole)} s`;
  if (whole < HOUR) return `${Math.round(whole / MINUTE)} min`;
  if (whole < 2 * DAY) return `${Math.round(whole / HOUR)} h`;
  return `${Math.round(whole / DAY)} d`;
}

/** Format `3 h ago` or `now`; a time over a month old as its day. */
export function age(time: string, now: number): string {
  const seconds = (now - new Date(time).getTime()) / 1000;
  if (seconds > 45 * DAY) return day(time, now);
  return seconds < 20 ? "now" : `${duration(seconds)} ago`;
}

/** Format `14 May 09:31 – 11:02` or `14 – 17 May`. */
export function span(first: string, last: string, now = Date.now()): string {
  if (first.slice(0, 10) === last.slice(0, 10)) {
    return clock(first) === clock(last) ? moment(first, now) : `${moment(first, now)} – ${clock(last)}`;
  }
  return `${day(first, now)} – ${day(last, now)}`;
}
