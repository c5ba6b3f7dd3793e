/** The steps of a plan as a list and as lines of text. */
import type { PlanStep } from "../../api/types";
import { CopyButton } from "../../design/controls";
import { plural } from "../../words/numbers";

/** The meaning of each confidence, as in the documentation. */
export const SURE: Record<PlanStep["confidence"], string> = {
  certain: "The account is proved touched",
  likely: "The incident was raised",
  precaution: "It may be the owner's own doing: ask first",
};

/** Format a step as lines of text. */
export function stepLines(step: PlanStep): string[] {
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

export function Steps({ steps }: { steps: readonly PlanStep[] }) {
  return (
    <ol className="plan">
      {steps.map((step) => (
        <Step key={step.id} step={step} />
      ))}
    </ol>
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
