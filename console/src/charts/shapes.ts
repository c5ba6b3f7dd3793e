/** Draw many marks as one path: an account with 6,000 slots needs only a few dozen elements. */

import { markRadius } from "./scale";
import type { Mark } from "./model";

export function circlePath(x: number, y: number, radius: number): string {
  const r = radius.toFixed(1);
  const across = (radius * 2).toFixed(1);
  return `M${(x - radius).toFixed(1)} ${y.toFixed(1)}a${r} ${r} 0 1 0 ${across} 0a${r} ${r} 0 1 0 -${across} 0z`;
}

export function diamondPath(x: number, y: number, radius: number): string {
  const r = radius * 1.32;
  return `M${x.toFixed(1)} ${(y - r).toFixed(1)}l${r.toFixed(1)} ${r.toFixed(1)}l-${r.toFixed(1)} ${r.toFixed(1)}l-${r.toFixed(1)} -${r.toFixed(1)}z`;
}

/** Return the circles of a lane: records not judged to be the intruder's. */
export function ownPath(marks: readonly Mark[], y: number): string {
  return marks.filter((mark) => mark.count > mark.intruder)
    .map((mark) => circlePath(mark.x, y, markRadius(mark.count - mark.intruder))).join("");
}

/** Return the diamonds of a lane: records judged to be the intruder's. */
export function intruderPath(marks: readonly Mark[], y: number): string {
  return marks.filter((mark) => mark.intruder > 0)
    .map((mark) => diamondPath(mark.x, y, Math.max(3.4, markRadius(mark.intruder)))).join("");
}
