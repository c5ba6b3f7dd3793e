/** Show the least score of an incident that is raised, which admins can set: how sure an alert must be. */
import { useState, type FormEvent } from "react";
import { put } from "../../api/client";
import { refresh } from "../../api/resource";
import type { Summary } from "../../api/types";
import { announce } from "../../app/announce";
import { useIsAdmin } from "../../app/session";
import { Button } from "../../design/controls";
import { Panel } from "../../design/states";
import { faultText } from "../parts/faults";
import { chanceWords, score } from "../../words/numbers";

/** Describe the default if nothing is set here: the watch's own option, else the threshold that ships. */
function defaultWords({ threshold }: Summary): string {
  const { configured, shipped, off } = threshold;
  if (configured !== null) return configured <= off ? "none, as the watch was started" : `${score(configured)}, as the watch was started`;
  return shipped === null ? "none" : score(shipped);
}

export function Threshold({ summary }: { summary: Summary }) {
  const isAdmin = useIsAdmin();
  const [typed, setTyped] = useState("");
  const [fault, setFault] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const { least_score: least, chance, chosen, off } = summary.threshold;
  const save = async (value: number | null) => {
    setBusy(true);
    try {
      await put("/api/settings/threshold", { least_score: value });
      announce(value === null ? `The threshold is ${defaultWords(summary)} again` : value <= off ? "There is no threshold" : `The threshold is ${score(value)}`);
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
    const value = Number(typed.replace(",", ".").replace("−", "-"));
    if (!Number.isFinite(value) || value < off || value > 100) setFault(`A score from ${score(off)} to 100.`);
    else void save(value);
  };
  return (
    <Panel title="The threshold">
      <p>
        {least === null || chance === null ? (
          "There is no threshold: whatever the budget allows is raised, also in quiet weeks."
        ) : (
          <>
            No incident below a score of <b>{score(least)}</b> is raised: there, {chanceWords(chance)}. The return of a contained intruder is raised anyway.
          </>
        )}
      </p>
      {isAdmin ? (
        <form className="form-row budget-form" onSubmit={submit}>
          <div className="field">
            <label htmlFor="threshold-value">Least score of a raised incident</label>
            <input id="threshold-value" className="input" inputMode="decimal" value={typed} placeholder={score(least ?? -1)} autoComplete="off" aria-invalid={fault !== undefined} onChange={(event) => setTyped(event.target.value)} />
          </div>
          <Button look="primary" type="submit" isDisabled={typed === "" || isBusy}>
            Set
          </Button>
          <Button isDisabled={isBusy || least === null} onPress={() => void save(off)}>
            Off
          </Button>
          <Button isDisabled={isBusy || chosen === null} onPress={() => void save(null)}>
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
