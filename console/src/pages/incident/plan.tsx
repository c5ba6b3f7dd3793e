/** What to do about it: shown and copied. Nothing here is applied by Seawall. */
import { useResource } from "../../api/resource";
import type { Plan } from "../../api/types";
import { CopyButton } from "../../design/controls";
import { Panel, Skeleton } from "../../design/states";

/** The plan as text for a ticket. */
function planText(plan: Plan): string {
  return plan.steps
    .map((step) => {
      const lines = [`${step.order}. ${step.text} [${step.confidence}]`, `   Why: ${step.why}`];
      if (step.command_powershell) lines.push(`   ${step.command_powershell}`);
      if (step.undo) lines.push(`   Undo: ${step.undo}`);
      return lines.join("\n");
    })
    .join("\n");
}

export function ContainmentPlan({ id }: { id: string }) {
  const { data, error, loading } = useResource<Plan>(`/api/incidents/${encodeURIComponent(id)}/plan`);
  if (error) return null;
  return (
    <Panel title="Containment plan" aside={data && <CopyButton text={() => planText(data)} label="Copy the plan" />}>
      {loading && <Skeleton rows={4} />}
      {data && (
        <>
          <p className="plan-note small">{data.note || "Seawall applies none of this: copy it, check it, run it yourself."}</p>
          <ol className="plan">
            {data.steps.map((step) => (
              <li key={step.order}>
                <div className="plan-head">
                  <span className="plan-order numbers">{step.order}</span>
                  <p className="log-text">{step.text}</p>
                  <span className={`tag ${step.confidence === "do now" ? "tag-now" : ""}`}>{step.confidence}</span>
                </div>
                <p className="plan-why small soft log-text">{step.why}</p>
                {step.command_powershell && (
                  <div className="plan-command">
                    <code className="log-text">{step.command_powershell}</code>
                    <CopyButton text={step.command_powershell} look="quiet" />
                  </div>
                )}
                {step.undo && (
                  <details className="small">
                    <summary>Undo</summary>
                    <p className="log-text mono">{step.undo}</p>
                  </details>
                )}
              </li>
            ))}
          </ol>
        </>
      )}
    </Panel>
  );
}
