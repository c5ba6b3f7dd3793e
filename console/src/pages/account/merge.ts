/**
 * Merge a zoomed timeline into the whole one: lanes keep their order, and lanes without records in the span stay,
 * empty.
 */
import type { AccountTimeline } from "../../api/types";
import { lanesOfSlots, type TimelineLane } from "../../charts";

const keyOf = (lane: AccountTimeline["lanes"][number]) => [lane.network, lane.country, lane.class].join("\n");

export function lanesOf(whole: AccountTimeline, detail: AccountTimeline | undefined): TimelineLane[] {
  const lanes = lanesOfSlots(whole);
  if (detail === undefined) return lanes;
  const closer = new Map(lanesOfSlots(detail).map((lane, at) => [keyOf(detail.lanes[at] as AccountTimeline["lanes"][number]), lane]));
  const from = Date.parse(detail.from);
  const to = Date.parse(detail.to);
  return lanes.map((lane, at) => {
    const found = closer.get(keyOf(whole.lanes[at] as AccountTimeline["lanes"][number]));
    const outside = lane.points.filter((point) => point.to <= from || point.from >= to);
    return { ...lane, points: [...outside, ...(found?.points ?? [])].sort((one, other) => one.from - other.from) };
  });
}
