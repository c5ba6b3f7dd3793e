/** The containment plan, in order and by account: to read, copy or download. The console never applies it. */
import { useState } from "react";
import { useResource } from "../../api/resource";
import type { Plan, PlanAccount, PlanStep } from "../../api/types";
import { announce } from "../../app/announce";
import { Link } from "../../app/link";
import { accountAddress } from "../../app/router";
import { useMayAnswer } from "../../app/session";
import { Button, CopyButton, Segments, download, type Option } from "../../design/controls";
import { Notice, Panel, Skeleton } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { Steps, SURE, stepLines } from "./plan-steps";

type Covers = Plan["covers"];

/** Return what cannot be undone, each text once. */
function irreversible(plan: Plan): string[] {
  return [...new Set(plan.accounts.flatMap((one) => one.irreversible))];
}

/** Format an account as a line of text. */
function accountLine(one: PlanAccount): string {
  return `- ${one.account} [${one.confidence}]: ${one.reasons.join(" ")} Steps: ${one.steps.join(", ") || "none"}`;
}

/** Format the plan as text for a ticket. */
function planText(plan: Plan): string {
  const known = [...plan.before, ...plan.warnings].map((line) => `- ${line}`);
  const gone = irreversible(plan).map((line) => `- ${line}`);
  return [
    ...plan.steps.flatMap(stepLines),
    ...(plan.accounts.length > 1 ? ["", "Accounts:", ...plan.accounts.map(accountLine)] : []),
    ...(gone.length > 0 ? ["", "Cannot be undone:", ...gone] : []),
    "",
    "Know this:",
    ...known,
  ].join("\n");
}

export function ContainmentPlan({ id }: { id: string }) {
  const path = `/api/incidents/${encodeURIComponent(id)}/plan`;
  const [covers, setCovers] = useState<Covers>("touched");
  const { data, error, loading, reload } = useResource<Plan>(path, { covers });
  const take = () => {
    download(`${path}.json?covers=${covers}`);
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
          <Whose plan={data} asked={covers} onAsk={setCovers} />
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
          <Folded title="Before you begin" lines={data.before} />
          <Folded title={`What cannot be undone (${number(irreversible(data).length)})`} lines={irreversible(data)} />
          <Body plan={data} />
          {data.more > 0 && <p className="soft small">{plural(data.more, "further step")} in the file.</p>}
        </>
      )}
    </Panel>
  );
}

/** Show whose steps the plan has, and let the analyst change it. */
function Whose({ plan, asked, onAsk }: { plan: Plan; asked: Covers; onAsk: (covers: Covers) => void }) {
  const maySearch = useMayAnswer();
  if (plan.covers === "incident" && asked !== "incident") {
    return (
      <p className="plan-note small">
        These are steps for this account alone.{" "}
        {maySearch
          ? "Search who else was touched, on this page: every account that is proved touched then joins the plan."
          : "Once an analyst has searched who else was touched, analysts see the steps for them too."}
      </p>
    );
  }
  const options: Option<Covers>[] = [
    { value: "incident", label: "This account" },
    { value: "touched", label: "Proved touched" },
  ];
  if (plan.may_have_possible || plan.covers === "possible") options.push({ value: "possible", label: "Also possible" });
  return (
    <div className="plan-whose">
      <Segments label="Whose steps" options={options} value={asked} onChange={onAsk} />
      {plan.covers === "touched" && plan.left_out > 0 && (
        <p className="soft small">
          {plural(plan.left_out, "further account")} cannot be ruled out.
          {!plan.may_have_possible && (
            <>
              {" "}
              They are too many to plan for here: save scope.json and run <code>seawall respond plan --store DIR --possible --scope scope.json</code>.
            </>
          )}
        </p>
      )}
      {plan.covers === "possible" && (
        <p className="soft small">What is planned for those who are not ruled out is a precaution: ask their owners first.</p>
      )}
    </div>
  );
}

function Folded({ title, lines }: { title: string; lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <details className="plan-before small">
      <summary>{title}</summary>
      <ul>
        {lines.map((line) => (
          <li key={line} className="log-text">
            {line}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Show the steps: of one account in order, of several grouped by account, each with its number in the plan. */
function Body({ plan }: { plan: Plan }) {
  if (plan.accounts.length < 2) return <Steps steps={plan.steps} />;
  const byOrder = new Map(plan.steps.map((step) => [step.order, step]));
  const isSure = (one: PlanAccount) => one.is_incidents || one.confidence !== "precaution";
  const possible = plan.accounts.filter((one) => !isSure(one));
  const list = (accounts: readonly PlanAccount[]) => (
    <ul className="plan-accounts">
      {accounts.map((one) => (
        <Account key={`${one.tenant} ${one.account}`} one={one} steps={one.steps.flatMap((order) => byOrder.get(order) ?? [])} />
      ))}
    </ul>
  );
  return (
    <>
      <p className="soft small plan-order-note">Steps are numbered in the order in which they are done, over all accounts.</p>
      {list(plan.accounts.filter(isSure))}
      {possible.length > 0 && (
        <details className="plan-possible">
          <summary className="small">{plural(possible.length + plan.more_accounts, "account")} as a precaution</summary>
          {list(possible)}
          {plan.more_accounts > 0 && <p className="soft small">{plural(plan.more_accounts, "further account")} in the file.</p>}
        </details>
      )}
      {possible.length === 0 && plan.more_accounts > 0 && (
        <p className="soft small">{plural(plan.more_accounts, "further account")} in the file.</p>
      )}
    </>
  );
}

function Account({ one, steps }: { one: PlanAccount; steps: readonly PlanStep[] }) {
  const [first, ...rest] = one.reasons;
  // Visible steps state themselves what cannot be undone, and so does one of many equal steps.
  const isFolded = !one.is_incidents;
  return (
    <li>
      <div className="plan-account">
        <h3>
          <Link className="log-text" href={accountAddress(one.tenant, one.account)}>
            {one.account}
          </Link>
        </h3>
        <span className={`tag ${one.confidence === "precaution" ? "" : "tag-now"}`} title={SURE[one.confidence]}>
          {one.confidence}
        </span>
      </div>
      <p className="small soft log-text">
        {one.is_incidents && "The account of this incident. "}
        {first}
      </p>
      {rest.length > 0 && <Folded title="More of why" lines={rest} />}
      {isFolded && one.confidence !== "precaution" && one.irreversible.length > 0 && (
        <div className="plan-irreversible small">
          <p>Cannot be undone:</p>
          <ul>
            {one.irreversible.map((line) => (
              <li key={line} className="log-text">
                {line}
              </li>
            ))}
          </ul>
        </div>
      )}
      {steps.length === 0 && one.more === 0 && <p className="soft small">Nothing is planned here.</p>}
      {steps.length > 0 && (
        <details open={!isFolded}>
          <summary className="small">
            {plural(steps.length, "step")}: {steps.map((step) => step.order).join(", ")}
          </summary>
          <Steps steps={steps} />
        </details>
      )}
      {one.more > 0 && <p className="soft small">{plural(one.more, "further step")} in the file.</p>}
    </li>
  );
}
