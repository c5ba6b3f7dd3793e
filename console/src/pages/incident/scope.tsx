/** The scope of the intrusion. The search runs in a separate process once an analyst starts it. */
import { useEffect, useRef, useState } from "react";
import { ApiError, post } from "../../api/client";
import { provide, refresh, useResource } from "../../api/resource";
import type { Scoped, ScopedStep, ScopedSubject, ScopeSearch, VerdictCounts } from "../../api/types";
import { announce } from "../../app/announce";
import { Link } from "../../app/link";
import { accountAddress } from "../../app/router";
import { Button, download } from "../../design/controls";
import { Notice, Panel, Skeleton } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { exact, moment, span } from "../../words/times";

const AGAIN = 2_000;
const KINDS: Record<VerdictCounts["kind"], string> = { account: "Accounts", mailbox: "Mailboxes", organisation: "Organisations" };

export function IncidentScope({ id }: { id: string }) {
  const path = `/api/incidents/${encodeURIComponent(id)}/scope`;
  return (
    <ScopePanel
      path={path}
      files={{ scope: `${path}.json`, messages: path.replace(/scope$/, "messages.csv") }}
      about="From the records of this incident, follow the intruder's sessions, tokens and addresses through every stored account and mailbox, and say who is proved touched, who may be, and who is proved not to be."
      begin="Search from this incident"
      onEnd={() => refresh(path.replace(/scope$/, "plan"))} // accounts proved touched join the plan
    />
  );
}

interface ScopePanelProps {
  /** Where the state of the search is read, and where it is started. */
  path: string;
  start?: { path: string; body: unknown };
  files: { scope: string; messages: string };
  about: string;
  /** The label of the button that starts the first search. */
  begin: string;
  onEnd?: () => void;
}

/** A search for who else was touched: started by an analyst, followed until it ends, with what it found. */
export function ScopePanel({ path, start = { path, body: {} }, files, about, begin: label, onEnd }: ScopePanelProps) {
  const { data, error, loading, reload } = useResource<ScopeSearch>(path);
  const [fault, setFault] = useState<ApiError>();
  const state = data?.state;

  useEffect(() => {
    if (state !== "running") return undefined;
    const timer = setInterval(reload, AGAIN);
    return () => clearInterval(timer);
  }, [state, reload]);

  const before = useRef(state);
  useEffect(() => {
    if (before.current === "running" && state !== "running") {
      announce("The search for the scope has ended");
      onEnd?.();
    }
    before.current = state;
  }, [state, onEnd]);

  const begin = async () => {
    try {
      provide(path, await post<ScopeSearch>(start.path, start.body));
      setFault(undefined);
      announce("The search for the scope has begun");
    } catch (problem) {
      if (problem instanceof ApiError) setFault(problem);
    }
  };
  const refused = fault ?? (data ? undefined : error);
  return (
    <Panel title="Who else was touched">
      {loading && <Skeleton rows={2} />}
      {refused && (
        <p className="filter-fault small" role="alert">
          {refused.message}
          {refused.fix && `: ${refused.fix}`}
        </p>
      )}
      {data && (state === "none" || state === "failed") && (
        <p className="soft small">
          {state === "failed"
            ? `There is no answer: ${data.why}.`
            : about}
        </p>
      )}
      {state === "running" && data?.begun_at && (
        <p className="soft small" role="status">
          Searching since {moment(data.begun_at)} UTC, for {data.by}. It takes seconds to minutes, and is ended after 15 minutes.
        </p>
      )}
      {data?.scope && <Found scope={data.scope} />}
      {data && (
        <div className="scope-actions">
          {state !== "running" && (
            <Button isSmall icon="search" onPress={() => void begin()}>
              {state === "none" ? label : "Search again"}
            </Button>
          )}
          {data.scope && (
            <>
              <Button isSmall icon="download" onPress={() => download(files.scope)}>
                scope.json
              </Button>
              <Button isSmall icon="download" onPress={() => download(files.messages)}>
                messages.csv
              </Button>
            </>
          )}
        </div>
      )}
    </Panel>
  );
}

function Found({ scope }: { scope: Scoped }) {
  return (
    <>
      {scope.warnings.map((line) => (
        <Notice key={line} tone="warning">
          {line}
        </Notice>
      ))}
      <div className="table-scroll" role="region" aria-label="Verdicts" tabIndex={0}>
        <table className="table scope-counts">
          <thead>
            <tr>
              <th scope="col">{span(scope.start, scope.end)} UTC</th>
              <th scope="col" className="right">
                Proved touched
              </th>
              <th scope="col" className="right">
                Possibly
              </th>
              <th scope="col" className="right">
                Proved not touched
              </th>
            </tr>
          </thead>
          <tbody>
            {scope.counts.map((row) => (
              <tr key={row.kind}>
                <th scope="row">{KINDS[row.kind]}</th>
                <td className={`right numbers ${row.touched > 0 ? "is-touched" : ""}`}>{number(row.touched)}</td>
                <td className="right numbers">{number(row.possible)}</td>
                <td className="right numbers">{number(row.not_touched)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="small soft">
        {plural(scope.messages, "message")} certainly read. What is not proved either way is possibly touched: presume that it was.
      </p>
      <Subjects subjects={scope.touched} more={scope.more_touched} />
      {scope.possible.length > 0 && (
        <details className="scope-fold small">
          <summary>Possibly touched ({number(scope.possible.length + scope.more_possible)})</summary>
          <ul className="scope-list" aria-label="What leaves it open">
            {scope.open_by.map((one) => (
              <li key={one.what}>
                <p>
                  <b>{one.what}</b>{" "}
                  <span className="soft numbers">
                    {plural(one.kept, "mailbox", "mailboxes")}
                    {one.alone > 0 && `, ${number(one.alone)} by this alone`}
                  </span>
                </p>
                <p className="soft">{one.to_do}</p>
              </li>
            ))}
          </ul>
          <Subjects subjects={scope.possible} more={scope.more_possible} />
        </details>
      )}
      <details className="scope-fold small">
        <summary>Steps of the search ({number(scope.steps.length + scope.more_steps)})</summary>
        <ol className="scope-list">
          {scope.steps.map((step, place) => (
            <StepLine key={place} step={step} />
          ))}
        </ol>
        {scope.more_steps > 0 && <p className="soft">{plural(scope.more_steps, "further step")} in scope.json.</p>}
      </details>
    </>
  );
}

function Subjects({ subjects, more }: { subjects: readonly ScopedSubject[]; more: number }) {
  return (
    <>
      <ul className="scope-list">
        {subjects.map((one) => (
          <li key={`${one.kind} ${one.tenant} ${one.name}`}>
            <p className="scope-head">
              {one.kind === "account" ? (
                <Link className="log-text" href={accountAddress(one.tenant, one.name)}>
                  {one.name}
                </Link>
              ) : (
                <span className="log-text">{one.name}</span>
              )}
              <span className="tag">{one.kind}</span>
              <span className="small soft numbers" title={one.first && one.last ? `${exact(one.first)} to ${exact(one.last)}` : undefined}>
                {[one.records > 0 && plural(one.records, "record"), one.first && one.last && span(one.first, one.last)].filter(Boolean).join(", ")}
              </span>
            </p>
            {one.read && <p className="small log-text">Read: {one.read}</p>}
            {one.reasons.map((reason) => (
              <p key={reason} className="small soft log-text">
                {reason}
              </p>
            ))}
          </li>
        ))}
      </ul>
      {more > 0 && <p className="soft small">and {number(more)} more, in scope.json.</p>}
    </>
  );
}

function StepLine({ step }: { step: ScopedStep }) {
  return (
    <li className={step.is_followed ? "" : "soft"}>
      <p className="log-text">
        <span className="soft">
          {step.round === 0 ? "Given" : `Round ${number(step.round)}`} · {step.kind}
        </span>{" "}
        <b>{step.value}</b>
      </p>
      <p className="soft log-text">
        {step.reason}
        {step.source && ` (from ${step.source})`}
      </p>
    </li>
  );
}
