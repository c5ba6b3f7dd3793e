/** What to do about it, in order: shown, copied, and taken along as a file. Nothing here is applied by Seawall. */
import { useResource } from "../../api/resource";
import type { Plan, PlanStep } from "../../api/types";
import { announce } from "../../app/announce";
import { Button, CopyButton, download } from "../../design/controls";
import { Notice, Panel, Skeleton } from "../../design/states";
import { plural } from "../../words/numbers";

/** What the words of confidence mean, as the documentation has them. */
const SURE: Record<PlanStep["confidence"], string> = {
  certain: "The account is proved touched",
  likely: "The incident was raised",
  precaution: "It may be the holder's own doing: ask first",
};

/** A step as lines of text. */
function stepLines(step: PlanStep): string[] {
  const after = step.after.length > 0 ? [`   After: ${step.after.join(", ")}`] : [];
  return [
    `${step.order}. ${step.title} [${step.confidence}]`,
    `   Why: ${step.reason}`,
    ...after,
    ...(step.calls.length === 0 && step.by_hand ? [`   By hand: ${step.by_hand}`] : []),
    ...step.powershell.map((line) => `   PS> ${line}`),
    ...step.calls.map((line) => `   API: ${line}`),
    ...step.undo_powershell.map((line) => `   Undo: PS> ${line}`),
    ...step.undo.map((line) => `   Undo: ${line}`),
    ...(step.irreversible ? [`   Cannot be undone: ${step.irreversible}`] : []),
  ];
}

/** The plan as text for a ticket. */
function planText(plan: Plan): string {
  const known = [...plan.before, ...plan.warnings].map((line) => `- ${line}`);
  return [...plan.steps.flatMap(stepLines), "", "Know this:", ...known].join("\n");
}

export function ContainmentPlan({ id }: { id: string }) {
  const path = `/api/incidents/${encodeURIComponent(id)}/plan`;
  const { data, error, loading, reload } = useResource<Plan>(path);
  const take = () => {
    download(`${path}.json`);
    announce("The plan is being saved");
  };
  return (
    <Panel title="Containment plan" aside={data && data.missing === null && <CopyButton text={() => planText(data)} label="Copy the plan" />}>
      {loading && <Skeleton rows={4} />}
      {error && !data && (
        <p className="soft small">
          The plan could not be made: {error.message}.{" "}
          <button type="button" className="unfold" onClick={reload}>
            Try again
          </button>
        </p>
      )}
      {data && data.missing !== null && <p className="soft small log-text">There is no plan. {data.missing}</p>}
      {data && data.missing === null && (
        <>
          <p className="plan-note small">
            The console applies none of this. Take the plan along and run <code>seawall respond apply plan.json</code>: it prints what it would do,
            and does it once somebody approves it by name.
          </p>
          <Button isSmall icon="download" onPress={take}>
            Save plan.json
          </Button>
          {data.warnings.map((line) => (
            <Notice key={line} tone="warning">
              <span className="small log-text">{line}</span>
            </Notice>
          ))}
          {data.before.length > 0 && (
            <details className="plan-before small">
              <summary>Before you begin</summary>
              <ul>
                {data.before.map((line) => (
                  <li key={line} className="log-text">
                    {line}
                  </li>
                ))}
              </ul>
            </details>
          )}
          <ol className="plan">
            {data.steps.map((step) => (
              <Step key={step.id} step={step} />
            ))}
          </ol>
          {data.more > 0 && <p className="soft small">{plural(data.more, "further step")} in the file.</p>}
        </>
      )}
    </Panel>
  );
}

function Step({ step }: { step: PlanStep }) {
  const undo = [...step.undo_powershell, ...step.undo];
  const calls = [...step.reads.map((line) => `reads ${line}`), ...step.calls];
  return (
    <li>
      <div className="plan-head">
        <span className="plan-order numbers">{step.order}</span>
        <p className="log-text">{step.title}</p>
        <span className={`tag ${step.confidence === "precaution" ? "" : "tag-now"}`} title={SURE[step.confidence]}>
          {step.confidence}
        </span>
      </div>
      <p className="plan-why small soft log-text">{step.reason}</p>
      {(step.record_count > 0 || step.after.length > 0) && (
        <p className="small soft" title={step.records.join(", ")}>
          {step.record_count > 0 && `From ${plural(step.record_count, "record")}. `}
          {step.after.length > 0 && `After ${step.after.length > 1 ? "steps" : "step"} ${step.after.join(" and ")}.`}
        </p>
      )}
      {step.calls.length === 0 && step.by_hand && <p className="small log-text">By hand: {step.by_hand}</p>}
      {step.powershell.map((line) => (
        <div className="plan-command" key={line}>
          <code className="log-text">{line}</code>
          <CopyButton text={line} look="quiet" />
        </div>
      ))}
      {calls.length > 0 && <Lines name="Calls" lines={calls} />}
      {undo.length > 0 && <Lines name="Undo" lines={undo} />}
      {step.irreversible && <p className="plan-irreversible small log-text">Cannot be undone: {step.irreversible}</p>}
    </li>
  );
}

function Lines({ name, lines }: { name: string; lines: readonly string[] }) {
  return (
    <details className="small">
      <summary>{name}</summary>
      {lines.map((line) => (
        <p key={line} className="log-text mono">
          {line}
        </p>
      ))}
    </details>
  );
}
