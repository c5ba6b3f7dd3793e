/** Bring the incidents of one attack together in the queue. */
import type { IncidentRow } from "../../api/types";

/**
 * Return the rows with those of one attack below its first row, and the ids of those that were brought there. The first rows stay
 * in order.
 */
export function gatherAttacks(listed: readonly IncidentRow[]): { rows: IncidentRow[]; members: ReadonlySet<string> } {
  const attacks = new Map<string, IncidentRow[]>();
  for (const row of listed) {
    const attack = row.attack || row.id;
    attacks.set(attack, [...(attacks.get(attack) ?? []), row]);
  }
  const groups = [...attacks.values()];
  return { rows: groups.flat(), members: new Set(groups.flatMap((group) => group.slice(1).map((row) => row.id))) };
}
