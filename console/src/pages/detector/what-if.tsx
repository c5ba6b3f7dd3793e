/** Preview another budget: which incidents would be raised in addition, or no longer. */
import { useEffect, useId, useState } from "react";
import { useResource } from "../../api/resource";
import type { Summary, WhatIf as Answer } from "../../api/types";
import { useParameter } from "../../app/router";
import { ErrorState, Panel, Skeleton } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { IncidentLines } from "../parts/incident-lines";

/** Steps of the slider, finer for small budgets. */
const STEPS = [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100];
const FEW = 30;

export const perDay = (budget: number) => Number(budget.toFixed(budget < 1 ? 2 : 1)).toLocaleString("en-GB");

/** Format the budget of each organisation: one number, or the smallest and largest. */
export function eachDay({ budget }: Summary): string {
  const all = budget.tenants.map((tenant) => tenant.per_day);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  return all.length === 0 ? perDay(budget.per_day) : perDay(least) === perDay(most) ? perDay(least) : `${perDay(least)} to ${perDay(most)}`;
}

export function WhatIf({ summary }: { summary: Summary }) {
  const today = Math.max(0, ...summary.budget.tenants.map((tenant) => tenant.per_day));
  const [asked, setAsked] = useParameter("budget");
  const parsed = Number(asked);
  const budget = asked !== "" && Number.isFinite(parsed) && parsed > 0 && parsed <= 1000 ? parsed : STEPS.find((step) => step >= today * 2) ?? 1;
  const [shown, setShown] = useState(budget);
  const id = useId();
  useEffect(() => setShown(budget), [budget]);
  useEffect(() => {
    if (shown === budget) return undefined;
    const timer = setTimeout(() => setAsked(String(shown)), 300);
    return () => clearTimeout(timer);
  }, [shown, budget, setAsked]);
  const answer = useResource<Answer>("/api/detector/what-if", { budget });
  const step = nearest(shown);
  return (
    <Panel title="What if the budget were another?">
      <div className="what-if">
        <div className="what-if-slider">
          <label htmlFor={id} className="field-label">
            Incidents a day for each organisation
          </label>
          <input
            id={id}
            type="range"
            min={0}
            max={STEPS.length - 1}
            step={1}
            value={step}
            aria-valuetext={`${perDay(shown)} a day`}
            onChange={(event) => setShown(STEPS[Number(event.target.value)] ?? shown)}
          />
          <div className="what-if-ends tiny soft" aria-hidden="true">
            <span>{STEPS[0]}</span>
            <span>{STEPS[STEPS.length - 1]}</span>
          </div>
          <output htmlFor={id}>{perDay(shown)} a day</output>
          <p className="small soft">
            Now it is {eachDay(summary)} a day: {plural(summary.budget.spent, "incident")} of at most {number(summary.budget.allowed)} in {plural(summary.budget.span_days, "day")}.
          </p>
          {answer.data && (
            <p>
              With {perDay(answer.data.per_day ?? shown)} a day, <b>{plural(answer.data.raised, "incident")}</b> would be raised, of at most {number(answer.data.allowed)}.
            </p>
          )}
        </div>
        <div className="what-if-lists" aria-busy={answer.refreshing || answer.loading}>
          {answer.error && answer.data === undefined ? (
            <ErrorState error={answer.error} onRetry={answer.reload} />
          ) : answer.data === undefined ? (
            <Skeleton rows={4} />
          ) : (
            <>
              <Part title={`${plural(answer.data.more.length, "more", "more")} would be raised`} incidents={answer.data.more} />
              <Part title={`${plural(answer.data.fewer.length, "fewer", "fewer")}: would no longer be raised`} incidents={answer.data.fewer} />
              {answer.data.more.length + answer.data.fewer.length === 0 && <p className="quiet-empty">The same incidents would be raised.</p>}
            </>
          )}
        </div>
      </div>
    </Panel>
  );
}

function Part({ title, incidents }: { title: string; incidents: Answer["more"] }) {
  if (incidents.length === 0) return null;
  return (
    <section>
      <h3>{title}</h3>
      <IncidentLines incidents={incidents.slice(0, FEW)} label={title} />
      {incidents.length > FEW && <p className="small soft">and {number(incidents.length - FEW)} with less evidence</p>}
    </section>
  );
}

function nearest(budget: number): number {
  let best = 0;
  STEPS.forEach((step, at) => {
    if (Math.abs(step - budget) < Math.abs((STEPS[best] as number) - budget)) best = at;
  });
  return best;
}
