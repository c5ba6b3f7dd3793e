/** The budget itself: how many incidents a day people are willing to read. Admins set it. */
import { useState, type FormEvent } from "react";
import { put } from "../../api/client";
import { refresh } from "../../api/resource";
import type { Summary } from "../../api/types";
import { announce } from "../../app/announce";
import { useIsAdmin } from "../../app/session";
import { Button } from "../../design/controls";
import { Panel } from "../../design/states";
import { faultText } from "../parts/faults";
import { plural } from "../../words/numbers";
import { eachDay, perDay } from "./what-if";

export function Budget({ summary }: { summary: Summary }) {
  const isAdmin = useIsAdmin();
  const [typed, setTyped] = useState("");
  const [fault, setFault] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const save = async (value: number | null) => {
    setBusy(true);
    try {
      await put("/api/settings/budget", { per_day: value });
      announce(value === null ? "The budget follows the number of accounts" : `The budget is ${value} a day`);
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
        <b>{eachDay(summary)} incidents a day</b> for each organisation are raised at most, on average over {plural(summary.budget.span_days, "day")}. It is the one knob of sensitivity: evidence decides which ones.
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
                Today
              </th>
            </tr>
          </thead>
          <tbody>
            {summary.budget.tenants.map((tenant) => (
              <tr key={tenant.tenant}>
                <td className="log-text">{tenant.tenant}</td>
                <td className="right">{perDay(tenant.per_day)}</td>
                <td className="right">{tenant.today}</td>
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
          <Button isDisabled={isBusy} onPress={() => void save(null)}>
            2 for every 1,000 accounts
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
