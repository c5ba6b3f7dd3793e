/** The alert budget in brief: incidents raised and incidents allowed, over the same days of log. */
import type { Summary } from "../api/types";
import { number, plural } from "../words/numbers";

const CELLS_AT_MOST = 10;

export function BudgetMeter({ budget }: { budget: Summary["budget"] }) {
  const { spent: used, allowed, span_days: days, today } = budget;
  if (days === 0) return null;
  const cells = allowed;
  const span = days === 1 ? "in the one day of log" : `in the last ${number(days)} days of log`;
  return (
    <div className="budget" title={`${plural(used, "incident")} raised ${span}, of at most ${number(allowed)}. Announced today: ${number(today)}.`}>
      <span className="budget-words">
        <b className="numbers">{number(used)}</b>
        {" of "}
        <b className="numbers">{number(allowed)}</b> in {plural(days, "day")}
      </span>
      {cells > CELLS_AT_MOST ? (
        <span className="budget-bar" aria-hidden="true">
          <i style={{ width: `${Math.min(100, (100 * used) / allowed)}%` }} />
        </span>
      ) : cells > 0 ? (
        <span className="budget-cells" aria-hidden="true">
          {Array.from({ length: cells }, (_, cell) => (
            <i key={cell} className={cell < used ? "is-spent" : ""} />
          ))}
          {used > allowed && <i className="is-over" />}
        </span>
      ) : null}
    </div>
  );
}
