/** The usual values of an account, each with its share of the active days. */
import { useMemo, useState } from "react";
import type { Habit } from "../../api/types";
import { Link } from "../../app/link";
import { Button } from "../../design/controls";
import { Panel } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { day } from "../../words/times";
import { lookAddress } from "../look/subjects";

const FEW = 5;
/** What the server calls records without a network. */
const NONE = "no network recorded";

/** Merge named and unnamed records of an application; its days are at least the larger number of both. */
function merged(habits: readonly Habit[]): Habit[] {
  const found = new Map<string, Habit>();
  for (const habit of habits) {
    const before = found.get(habit.value);
    found.set(
      habit.value,
      before === undefined
        ? habit
        : {
            ...before,
            name: before.name ?? habit.name ?? null,
            days: Math.max(before.days, habit.days),
            events: before.events + habit.events,
            first: before.first < habit.first ? before.first : habit.first,
            last: before.last > habit.last ? before.last : habit.last,
          },
    );
  }
  return [...found.values()];
}

interface HabitsProps {
  title: string;
  habits: readonly Habit[];
  /** The account's active days. */
  days: number;
  /** Whether a value can occur with and without a name. */
  areNamed?: boolean;
  /** The kind of value, which opens its page. */
  kind: "network" | "client" | "app" | "country";
}

export function Habits({ title, habits: listed, days, areNamed = false, kind }: HabitsProps) {
  const habits = useMemo(() => (areNamed ? merged(listed) : listed), [listed, areNamed]);
  const [all, setAll] = useState(false);
  const shown = all ? habits : habits.slice(0, FEW);
  return (
    <Panel title={title} aside={<span className="small soft">{habits.length > 0 ? `days of ${number(days)}` : ""}</span>}>
      {habits.length === 0 ? (
        <p className="quiet-empty">None in its records.</p>
      ) : (
        <ul className="habit-list">
          {shown.map((habit) => (
            <li key={`${habit.value} ${habit.country ?? ""} ${habit.class ?? ""}`} title={`${habit.name ? `${habit.value}: ` : ""}${plural(habit.events, "record")}, ${day(habit.first)} to ${day(habit.last)}`}>
              <div className="habit-line">
                <span className="habit-value log-text">
                  {habit.value && habit.value !== NONE ? <Link href={lookAddress(`${kind}:${habit.value}`)}>{habit.name || habit.value}</Link> : habit.name || habit.value || "unknown"}
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
