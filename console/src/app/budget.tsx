/** The promise in one glance: how many incidents the budget let through today, and how many it allows. */
import type { Summary } from "../api/types";

const CELLS_AT_MOST = 10;

const plain = (value: number) => (Number.isInteger(value) ? String(value) : value.toFixed(1));

export function BudgetMeter({ budget }: { budget: Summary["budget"] }) {
  const { today, per_day: allowed } = budget;
  const cells = Math.max(1, Math.ceil(allowed));
  const isOver = today > allowed;
  if (allowed <= 0) {
    return (
      <div className="budget">
        <span className="budget-words">
          <b className="numbers">{plain(today)}</b> today
        </span>
      </div>
    );
  }
  return (
    <div className="budget" title={`${budget.spent} of ${Math.round(budget.allowed)} in the last ${budget.span_days} days`}>
      <span className="budget-words">
        <b className="numbers">{plain(today)}</b> of <b className="numbers">{plain(allowed)}</b> today
      </span>
      {cells <= CELLS_AT_MOST ? (
        <span className="budget-cells" aria-hidden="true">
          {Array.from({ length: cells }, (_, cell) => (
            <i key={cell} className={cell < today ? "is-spent" : ""} />
          ))}
          {isOver && <i className="is-over" />}
        </span>
      ) : (
        <span className="budget-bar" aria-hidden="true">
          <i style={{ width: `${Math.min(100, (100 * today) / Math.max(1, allowed))}%` }} />
        </span>
      )}
    </div>
  );
}
