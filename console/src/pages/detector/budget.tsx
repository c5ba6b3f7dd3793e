/** Show the alert budget, which admins can set: the incidents a day that analysts will read. */
import { useState, type FormEvent } from "react";
import { put } from "../../api/client";
import { refresh } from "../../api/resource";
import type { Summary } from "../../api/types";
import { announce } from "../../app/announce";
import { useIsAdmin } from "../../app/session";
import { Button } from "../../design/controls";
import { Panel } from "../../design/states";
import { faultText } from "../parts/faults";
import { number, plural } from "../../words/numbers";
import { eachDay, perDay } from "./what-if";

/** Describe the default if nothing is set here: the watch's own `--budget`, else the default by size. */
function defaultWords({ budget }: Summary): string {
  return budget.configured === null ? "2 a day for every 1,000 accounts, at least 1 a week" : `${perDay(budget.configured)} a day, as the watch was started`;
}

export function Budget({ summary }: { summary: Summary }) {
  const isAdmin = useIsAdmin();
  const [typed, setTyped] = useState("");
  const [fault, setFault] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const save = async (value: number | null) => {
    setBusy(true);
    try {
      await put("/api/settings/budget", { per_day: value });
      announce(value === null ? `The budget is ${defaultWords(summary)} again` : `The budget is ${value} a day`);
      setTyped("");
      setFault(undefined);
      for (const part of ["/api/summary", "/api/detector", "/api/incidents"]) refresh(part);
    } catch (problem) {
      setFault(faultText(problem));
    }
    setBusy(false);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const value = Number(typed.replace(",", "."));
    if (!Number.isFinite(value) || value <= 0 || value > 1000) setFault("A number above 0 and up to 1,000.");
    else void save(value);
  };
  return (
    <Panel title="The budget">
      <p>
        <b>{eachDay(summary)} incidents a day</b> for each organisation are raised at most, on average over the last {plural(Math.max(summary.budget.span_days, 1), "day")} of log. It is the one knob of sensitivity: evidence decides which ones.
      </p>
      {summary.budget.tenants.length > 1 && (
        <table className="table">
          <thead>
            <tr>
              <th scope="col">Organisation</th>
              <th scope="col" className="right">
                A day
              </th>
              <th scope="col" className="right">
                Raised in {plural(summary.budget.span_days, "day")}
              </th>
              <th scope="col" className="right">
                At most
              </th>
            </tr>
          </thead>
          <tbody>
            {summary.budget.tenants.map((tenant) => (
              <tr key={tenant.tenant}>
                <td className="log-text">{tenant.tenant}</td>
                <td className="right">{perDay(tenant.per_day)}</td>
                <td className="right">{number(tenant.spent)}</td>
                <td className="right">{number(tenant.allowed)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {isAdmin ? (
        <form className="form-row budget-form" onSubmit={submit}>
          <div className="field">
            <label htmlFor="budget-value">Incidents a day for each organisation</label>
            <input id="budget-value" className="input" inputMode="decimal" value={typed} placeholder={perDay(summary.budget.tenants[0]?.per_day ?? summary.budget.per_day)} autoComplete="off" aria-invalid={fault !== undefined} onChange={(event) => setTyped(event.target.value)} />
          </div>
          <Button look="primary" type="submit" isDisabled={typed === "" || isBusy}>
            Set
          </Button>
          <Button isDisabled={isBusy || summary.budget.chosen === null} onPress={() => void save(null)}>
            {`Back to ${defaultWords(summary)}`}
          </Button>
          {fault && (
            <p className="field-fault" role="alert">
              {fault}
            </p>
          )}
        </form>
      ) : (
        <p className="small soft">An admin can change it.</p>
      )}
    </Panel>
  );
}
