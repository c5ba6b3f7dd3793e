/** Why a change was refused, beside what it was about. */
import type { Refused } from "./handling-state";

export function Fault({ refused, part }: { refused: Refused | undefined; part: string }) {
  if (refused?.part !== part) return null;
  return (
    <p className="filter-fault small" role="alert">
      {refused.error.message} {refused.error.fix}
    </p>
  );
}
