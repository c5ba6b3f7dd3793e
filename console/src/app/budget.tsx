/** The promise in one glance: how many incidents the budget let through today, and how many it allows. */
import type { Summary } from "../api/types";
import { plural } from "../words/numbers";

const CELLS_AT_MOST = 10;

const plain = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(1));

/** Few accounts have a budget of less than one a day: then the whole span is told. */
function shares(budget: Summary["budget"]): { used: number; allowed: number; when: string } {
  if (budget.per_day >= 1) return { used: budget.today, allowed: budget.per_day, when: "today" };
  return { used: budget.spent, allowed: Math.floor(budget.allowed), when: `in ${plural(budget.span_days, "day")}` };
}

export function BudgetMeter({ budget }: { budget: Summary["budget"] }) {
  const { used, allowed, when } = shares(budget);
  const cells = Math.ceil(allowed);
  return (
    <div className="budget" title={`Incidents raised: ${budget.today} today, ${budget.spent} of ${Math.floor(budget.allowed)} in ${plural(budget.span_days, "day")}`}>
      <span className="budget-words">
        <b className="numbers">{plain(used)}</b>
        {allowed > 0 && (
          <>
            {" of "}
            <b className="numbers">{plain(allowed)}</b>
          </>
        )}{" "}
        {when}
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
