/** Move between marks with the arrow keys, and find the mark nearest to a pointer. */

import type { Mark } from "./model";
import { clamp } from "./scale";

export interface Place {
  lane: number;
  mark: number;
}

export function markAt(marks: readonly Mark[][], place: Place): Mark | undefined {
  return marks[place.lane]?.[place.mark];
}

/** Return the position that an arrow key leads to; undefined for other keys, or without marks. */
export function moved(marks: readonly Mark[][], cursor: Place | null, key: string): Place | undefined {
  const keys = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];
  if (!keys.includes(key)) return undefined;
  if (cursor === null || markAt(marks, cursor) === undefined) {
    const lane = marks.findIndex((each) => each.length > 0);
    return lane < 0 ? undefined : { lane, mark: 0 };
  }
  const count = marks[cursor.lane]?.length ?? 0;
  if (key === "ArrowLeft" || key === "ArrowRight") {
    return { lane: cursor.lane, mark: clamp(cursor.mark + (key === "ArrowLeft" ? -1 : 1), 0, count - 1) };
  }
  if (key === "Home" || key === "End") return { lane: cursor.lane, mark: key === "Home" ? 0 : count - 1 };
  const step = key === "ArrowUp" ? -1 : 1;
  const from = markAt(marks, cursor)?.x ?? 0;
  for (let lane = cursor.lane + step; lane >= 0 && lane < marks.length; lane += step) {
    const nearest = nearestMark(marks[lane] ?? [], from);
    if (nearest !== undefined) return { lane, mark: nearest };
  }
  return cursor;
}

/** Return the index of the mark nearest to the pixel `x`; undefined for an empty lane. */
export function nearestMark(marks: readonly Mark[], x: number): number | undefined {
  let best: number | undefined;
  marks.forEach((mark, at) => {
    if (best === undefined || Math.abs(mark.x - x) < Math.abs((marks[best] as Mark).x - x)) best = at;
  });
  return best;
}
