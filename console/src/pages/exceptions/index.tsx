/** Answers in force: what each hides, for which accounts, until when. Each can be withdrawn. */
import { useState } from "react";
import { remove } from "../../api/client";
import { refresh, usePages } from "../../api/resource";
import type { Exception, Verdict } from "../../api/types";
import { announce } from "../../app/announce";
import { Link } from "../../app/link";
import { accountAddress, incidentAddress, useParameter } from "../../app/router";
import { useMayAnswer, useSummary } from "../../app/session";
import { Button, Dialog, Segments } from "../../design/controls";
import { EmptyState, ErrorState, Notice, Skeleton } from "../../design/states";
import { aspectName, VERDICTS } from "../../words/names";
import { plural } from "../../words/numbers";
import { duration, exact, moment } from "../../words/times";
import { faultText } from "../parts/faults";
import { Page } from "../parts/page";
import "./exceptions.css";

type Kind = Verdict | "all";
const REACHES = { account: "this account", peers: "its peers", tenant: "the whole organisation" } as const;
const LOOKS: Record<Verdict, string> = { compromised: "badge badge-bad", safe: "badge badge-good", "expected-change": "badge badge-warning" };
const SOON = 3 * 86_400;

export default function ExceptionsPage() {
  const [kind, setKind] = useParameter("kind", "all");
  const pages = usePages<Exception>("/api/answers", { standing: true, kind: kind === "all" ? null : kind }, 50);
  const [withdrawn, setWithdrawn] = useState<Exception | null>(null);
  const mayAnswer = useMayAnswer();
  const summary = useSummary();
  const now = summary === undefined ? Date.now() : Date.parse(summary.now);
  return (
    <Page title="Exceptions" about="Answers that stand. Each says what it expects, of whom and until when; nothing here ever mutes a token that nobody issued, or one used after revocation.">
      <div>
        <Segments<Kind>
          label="Kind of answer"
          value={kind as Kind}
          options={[
            { value: "all", label: "All" },
            { value: "expected-change", label: "Expected change" },
            { value: "safe", label: "Safe" },
            { value: "compromised", label: "Compromised" },
          ]}
          onChange={setKind}
        />
      </div>
      {pages.loading ? (
        <Skeleton rows={6} />
      ) : pages.error && pages.items.length === 0 ? (
        <ErrorState error={pages.error} onRetry={pages.reload} />
      ) : pages.items.length === 0 ? (
        <EmptyState icon="exceptions" title="No answer stands">
          <p>When an incident is answered, what the answer lets pass is listed here until it expires or is withdrawn.</p>
        </EmptyState>
      ) : (
        <section className="panel" aria-label="Standing answers">
          <ul className="exceptions">
            {pages.items.map((item) => (
              <Row key={item.id} item={item} now={now} mayAnswer={mayAnswer} onWithdraw={() => setWithdrawn(item)} />
            ))}
          </ul>
        </section>
      )}
      {pages.hasMore && (
        <div>
          <Button isDisabled={pages.loadingMore} onPress={pages.more}>
            {pages.loadingMore ? "Fetching…" : "More"}
          </Button>
        </div>
      )}
      <Withdraw item={withdrawn} onClose={() => setWithdrawn(null)} />
    </Page>
  );
}

function Row({ item, now, mayAnswer, onWithdraw }: { item: Exception; now: number; mayAnswer: boolean; onWithdraw: () => void }) {
  return (
    <li className="exception">
      <div>
        <div className="exception-head">
          <span className={LOOKS[item.answer]}>{VERDICTS[item.answer]}</span>
          <Link className="log-text" href={accountAddress(item.tenant, item.account)}>
            {item.account}
          </Link>
          <span className="small soft">for {REACHES[item.scope.reach]}</span>
          <Expiry item={item} now={now} />
        </div>
        {item.scope.values.length > 0 && (
          <div className="exception-values" aria-label="What is expected">
            {item.scope.values.map((value) => (
              <span key={`${value.aspect} ${value.value}`} className="exception-value">
                <span className="soft">{aspectName(value.aspect)}</span> <span className="log-text">{value.value}</span>
              </span>
            ))}
          </div>
        )}
        {item.note && <p className="exception-note small log-text">{item.note}</p>}
        <p className="small soft">
          <span className="log-text">{item.given_by}</span>, <time dateTime={item.given_at} title={exact(item.given_at)}>{moment(item.given_at)} UTC</time> ·{" "}
          {item.hides === 0 ? "hides nothing now" : <b>hides {plural(item.hides, "incident")} of the last 30 days</b>} · <Link href={incidentAddress(item.incident)}>the incident</Link>
        </p>
      </div>
      {mayAnswer && (
        <div>
          <Button isSmall look="danger" aria-label={`Withdraw the answer for ${item.account}`} onPress={onWithdraw}>
            Withdraw
          </Button>
        </div>
      )}
    </li>
  );
}

function Expiry({ item, now }: { item: Exception; now: number }) {
  if (item.expires_at === null) return <span className="badge">no expiry</span>;
  const left = (Date.parse(item.expires_at) - now) / 1000;
  return (
    <time className={left < SOON ? "badge badge-warning" : "badge"} dateTime={item.expires_at} title={exact(item.expires_at)}>
      {left > 0 ? `expires in ${duration(left)}` : "expired"}
    </time>
  );
}

function Withdraw({ item, onClose }: { item: Exception | null; onClose: () => void }) {
  const [fault, setFault] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const withdraw = async () => {
    if (item === null) return;
    setBusy(true);
    try {
      await remove(`/api/answers/${encodeURIComponent(item.id)}`);
      for (const part of ["/api/answers", "/api/incidents", "/api/detector"]) refresh(part);
      announce("The answer is withdrawn");
      setFault(undefined);
      onClose();
    } catch (problem) {
      setFault(faultText(problem));
    }
    setBusy(false);
  };
  return (
    <Dialog
      title="Withdraw this answer?"
      isOpen={item !== null}
      onClose={onClose}
      foot={
        <>
          <Button onPress={onClose}>Keep it</Button>
          <Button look="danger" isDisabled={isBusy} onPress={() => void withdraw()}>
            Withdraw
          </Button>
        </>
      }
    >
      {item && (
        <>
          <p>
            <b>{VERDICTS[item.answer]}</b> for <span className="log-text">{item.account}</span> no longer counts.{" "}
            {item.hides > 0 ? `${plural(item.hides, "incident")} that it hides may be raised again.` : "It hides nothing now."} The answer and its withdrawal stay in the audit trail.
          </p>
          {fault && (
            <Notice tone="warning">
              <span role="alert">{fault}</span>
            </Notice>
          )}
        </>
      )}
    </Dialog>
  );
}
