/** Bring the incidents of one attack together in the queue. */
import type { IncidentRow } from "../../api/types";
import { SEVERITIES } from "../../words/names";

export interface GatheredRows {
  rows: IncidentRow[];
  /** Ids of the rows that stand below another one of their attack. */
  members: ReadonlySet<string>;
  /** The attacks that the rows belong to. */
  attacks: ReadonlySet<string>;
}

/**
 * Return the rows with those of one attack together, the gravest first, at the place of the attack's first row. The attacks stay in
 * order, or with `byGravity` the gravest come first.
 */
export function gatherAttacks(listed: readonly IncidentRow[], byGravity = false): GatheredRows {
  const found = new Map<string, IncidentRow[]>();
  for (const row of listed) {
    const attack = row.attack || row.id;
    found.set(attack, [...(found.get(attack) ?? []), row]);
  }
  const groups = [...found.values()].map((group) => [...group].sort((one, other) => gravity(one) - gravity(other)));
  if (byGravity) groups.sort(([one], [other]) => gravity(one!) - gravity(other!));
  return {
    rows: groups.flat(),
    members: new Set(groups.flatMap((group) => group.slice(1).map((row) => row.id))),
    attacks: new Set(listed.map((row) => row.attack).filter((attack) => attack !== "")),
  };
}

/** 0 for the gravest; `sort` keeps rows of one severity in order. */
const gravity = (row: IncidentRow) => SEVERITIES.indexOf(row.severity);
