/** What an account usually does: each value with the share of its days. */
import { useState } from "react";
import type { Habit } from "../../api/types";
import { Button } from "../../design/controls";
import { Panel } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { day } from "../../words/times";

const FEW = 5;

export function Habits({ title, habits, days }: { title: string; habits: readonly Habit[]; days: number }) {
  const [all, setAll] = useState(false);
  const shown = all ? habits : habits.slice(0, FEW);
  return (
    <Panel title={title} aside={<span className="small soft">{habits.length > 0 ? `days of ${number(days)}` : ""}</span>}>
      {habits.length === 0 ? (
        <p className="quiet-empty">None in its records.</p>
      ) : (
        <ul className="habit-list">
          {shown.map((habit) => (
            <li key={habit.value} title={`${plural(habit.events, "record")}, ${day(habit.first)} to ${day(habit.last)}`}>
              <div className="habit-line">
                <span className="habit-value log-text">
                  {habit.value || "unknown"}
                  {(habit.country || habit.class) && <span className="soft"> · {[habit.country, habit.class].filter(Boolean).join(" · ")}</span>}
                </span>
                <span className="habit-days">{number(habit.days)}</span>
              </div>
              <div className="habit-bar" aria-hidden="true">
                <i style={{ width: `${Math.min(100, (100 * habit.days) / Math.max(1, days))}%` }} />
              </div>
            </li>
          ))}
        </ul>
      )}
      {habits.length > FEW && (
        <Button look="quiet" isSmall onPress={() => setAll(!all)}>
          {all ? "Fewer" : `${plural(habits.length - FEW, "more", "more")}`}
        </Button>
      )}
    </Panel>
  );
}
