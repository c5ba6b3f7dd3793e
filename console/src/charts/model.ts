/** The data of timeline and strip, and its conversion from API answers. Times are milliseconds since 1970. */

export interface TimelinePoint {
  from: number;
  to: number;
  /** All records of the slot. */
  count: number;
  /** The records judged to be the intruder's. */
  intruder: number;
  label?: string;
}

export interface TimelineLane {
  key: string;
  name: string;
  /** Country and class of the network, or another second line; may be empty. */
  detail: string;
  points: TimelinePoint[];
}

export interface TimelineMoment {
  time: number;
  text: string;
  key?: string;
}

/** The drawn fields of `GET /api/account/timeline`. */
export interface SlotTimeline {
  from: string;
  to: string;
  slot_seconds: number;
  lanes: { network: string | null; country: string | null; class: string | null; points: [number, number, number][] }[];
  marks: { time: string; incident: string; text: string }[];
}

/** The drawn fields of an incident's `timeline`: one entry for each lane, slot and side. */
export interface IncidentPoint {
  time: string;
  lane: string;
  count: number;
  is_intruder: boolean;
  label: string;
}

export function lanesOfSlots(timeline: SlotTimeline): TimelineLane[] {
  const start = Date.parse(timeline.from);
  const slot = Math.max(1, timeline.slot_seconds) * 1000;
  return timeline.lanes.map((lane, at) => ({
    key: `${at} ${lane.network}`,
    name: lane.network || "unknown network",
    detail: [lane.country, lane.class].filter(Boolean).join(" · "),
    points: lane.points.map(([index, count, intruder]) => ({
      from: start + index * slot, to: start + (index + 1) * slot, count, intruder,
    })),
  }));
}

export function momentsOfSlots(timeline: SlotTimeline): TimelineMoment[] {
  return timeline.marks.map((mark) => ({ time: Date.parse(mark.time), text: mark.text, key: mark.incident }));
}

/** Return lanes with the intruder's records first, then the busiest. Lanes beyond `most` are merged into the last. */
export function lanesOfIncident(timeline: readonly IncidentPoint[], most = 12): TimelineLane[] {
  const lanes = new Map<string, TimelinePoint[]>();
  for (const entry of timeline) {
    const time = Date.parse(entry.time);
    const points = lanes.get(entry.lane) ?? [];
    points.push({ from: time, to: time, count: entry.count, intruder: entry.is_intruder ? entry.count : 0, label: entry.label });
    lanes.set(entry.lane, points);
  }
  const sorted = [...lanes].map(([name, points]) => ({
    key: name, name: name || "unknown network", detail: "", points: points.sort((one, other) => one.from - other.from),
  })).sort((one, other) => total(other.points, "intruder") - total(one.points, "intruder")
    || total(other.points, "count") - total(one.points, "count"));
  if (sorted.length <= most) return sorted;
  const rest = sorted.slice(most - 1);
  return [...sorted.slice(0, most - 1), {
    key: "\u0000rest", name: `${rest.length} other networks`, detail: "",
    points: rest.flatMap((lane) => lane.points).sort((one, other) => one.from - other.from),
  }];
}

export function total(points: readonly TimelinePoint[], side: "count" | "intruder"): number {
  return points.reduce((sum, point) => sum + point[side], 0);
}

/** Return the first and last time in the lanes; null if they are empty. */
export function extentOf(lanes: readonly TimelineLane[]): [number, number] | null {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const lane of lanes) {
    for (const point of lane.points) {
      if (point.from < from) from = point.from;
      if (point.to > to) to = point.to;
    }
  }
  if (!(to >= from)) return null;
  return to - from < 60_000 ? [from - 1_800_000, to + 1_800_000] : [from, to];
}

export interface Mark extends TimelinePoint {
  /** Centre of the mark, in pixels. */
  x: number;
}

/** Return the marks inside `from`..`to`, merging points closer than `gap` pixels. Points must be in time order. */
export function marksOf(
  points: readonly TimelinePoint[], from: number, to: number, x: (time: number) => number, gap: number,
): Mark[] {
  const marks: Mark[] = [];
  let last: Mark | undefined;
  for (const point of points) {
    if (point.to < from || point.from > to) continue;
    const at = x((point.from + point.to) / 2);
    if (last !== undefined && at - last.x < gap) {
      last.to = Math.max(last.to, point.to);
      last.count += point.count;
      last.intruder += point.intruder;
      if (point.label && last.label !== point.label) last.label = last.label ? `${last.label}, …` : point.label;
    } else {
      last = { ...point, x: at };
      marks.push(last);
    }
  }
  return marks;
}
