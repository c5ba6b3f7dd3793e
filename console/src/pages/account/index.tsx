/** One account: its usual values, its use over time by network, its incidents, its records. */
import { useMemo } from "react";
import { usePages, useResource } from "../../api/resource";
import type { Account, AccountTimeline, LogRecord } from "../../api/types";
import { minuteText, momentsOfSlots, Strip, Timeline } from "../../charts";
import "../../charts/charts.css";
import { navigate, useParameter, useRoute, withParameters } from "../../app/router";
import { useZone } from "../../app/zone";
import { Button, CopyButton, Segments } from "../../design/controls";
import { useSummary } from "../../app/session";
import { EmptyState, ErrorState, Panel, Skeleton } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { moment } from "../../words/times";
import { IncidentLines } from "../parts/incident-lines";
import { Facts, Page } from "../parts/page";
import { Records } from "../parts/records";
import { UnjudgedNotice } from "../parts/unjudged";
import { Intruders } from "../look/intruder";
import { Habits } from "./habits";
import { lanesOf } from "./merge";
import { RelatedAccounts } from "./related";
import "./account.css";

type Order = "newest" | "oldest";
const SLOTS = 400;
/** Spans are rounded to whole minutes, so that small brush movements cause no new request. */
const STEP = 60_000;

type Span = [number, number] | null;

export default function AccountPage() {
  const { parameters } = useRoute();
  const who = { tenant: parameters.get("tenant") ?? "", account: parameters.get("account") ?? "" };
  const account = useResource<Account>(who.account ? "/api/account" : null, who);
  if (!who.account) {
    return (
      <EmptyState icon="accounts" title="No account is named">
        <p>Choose one from the list of accounts.</p>
      </EmptyState>
    );
  }
  if (account.error && account.data === undefined) return <ErrorState error={account.error} onRetry={account.reload} />;
  if (account.data === undefined) return <Skeleton rows={10} />;
  return <Known account={account.data} />;
}

function Known({ account }: { account: Account }) {
  const who = { tenant: account.tenant, account: account.account };
  const hasSeveral = (useSummary()?.tenants.length ?? 0) > 1;
  const range = useRange();
  const zone = useZone();
  const [order, setOrder] = useParameter("order", "newest");
  const whole = useResource<AccountTimeline>("/api/account/timeline", { ...who, slots: SLOTS });
  const bounds = range === null ? {} : { from: new Date(range[0]).toISOString(), to: new Date(range[1]).toISOString() };
  const detail = useResource<AccountTimeline>(range === null ? null : "/api/account/timeline", { ...who, ...bounds, slots: SLOTS });
  const records = usePages<LogRecord>("/api/account/records", { ...who, ...bounds, order }, 200);
  const lanes = useMemo(
    () => (whole.data === undefined ? [] : lanesOf(whole.data, range === null ? undefined : detail.data)),
    [whole.data, detail.data, range === null],
  );
  const extent = useMemo<[number, number] | undefined>(
    () => (whole.data === undefined ? undefined : [Date.parse(whole.data.from), Date.parse(whole.data.to)]),
    [whole.data],
  );
  return (
    <Page
      title={account.name || account.account}
      about={[account.name && account.account, hasSeveral && account.tenant, account.type].filter(Boolean).join(" · ")}
      actions={<CopyButton text={account.account} label="Copy name" isSmall={false} />}
    >
      <Facts
        facts={[
          ["Records", number(account.events)],
          ["Active days", number(account.active_days)],
          ["First seen", `${moment(account.first)} UTC`],
          ["Last seen", `${moment(account.last)} UTC`],
          ["Incidents", number(account.incidents.length)],
        ]}
      />
      <Panel title="When and from where" id="timeline">
        {whole.error && whole.data === undefined ? (
          <ErrorState error={whole.error} onRetry={whole.reload} />
        ) : whole.data === undefined || extent === undefined ? (
          <Skeleton rows={6} height={22} />
        ) : (
          <Timeline
            label={account.account}
            lanes={lanes}
            moments={momentsOfSlots(whole.data)}
            extent={extent}
            range={range}
            zone={zone}
            onRange={setRange}
            onPick={({ from, to }) => setRange([from, Math.max(to, from + STEP)])}
          />
        )}
      </Panel>
      <UnjudgedNotice tenant={account.tenant} />
      {account.incidents.length > 0 && (
        <Panel title={plural(account.incidents.length, "incident")}>
          <IncidentLines incidents={account.incidents} label={`Incidents of ${account.account}`} withAccount={false} />
        </Panel>
      )}
      {!(whole.error && whole.data === undefined) && whole.data?.lanes.length !== 0 && (
        <Panel title="Networks and countries over time">
          {whole.data === undefined ? <Skeleton rows={4} height={26} /> : <Strip zone={zone} label={account.account} timeline={(range === null ? whole.data : detail.data) ?? whole.data} />}
        </Panel>
      )}
      <div className="habits">
        <Habits title="Networks" kind="network" habits={account.networks} days={account.active_days} />
        <Habits title="Clients" kind="client" habits={account.clients} days={account.active_days} />
        <Habits title="Applications" kind="app" habits={account.apps} days={account.active_days} areNamed />
        <Habits title="Countries" kind="country" habits={account.countries} days={account.active_days} />
      </div>
      <RelatedAccounts account={account.account} />
      {account.events > 0 && <Intruders key={account.account} subject={`account:${account.account.toLowerCase()}`} first={account.first} last={account.last} isOwnersToo />}
      <Panel
        title="Records"
        id="records"
        aside={
          <span className="account-span">
            {range !== null && (
              <>
                {minuteText(range[0])} – {minuteText(range[1])} UTC
                <Button isSmall look="quiet" icon="close" onPress={() => setRange(null)}>
                  All times
                </Button>
              </>
            )}
            <Segments<Order>
              label="Order of the records"
              value={order === "oldest" ? "oldest" : "newest"}
              options={[
                { value: "newest", label: "Newest first" },
                { value: "oldest", label: "Oldest first" },
              ]}
              onChange={setOrder}
            />
          </span>
        }
      >
        <Records label={`Records of ${account.account}`} pages={records} empty={<p className="quiet-empty">No record in this span of time.</p>} />
      </Panel>
    </Page>
  );
}

/** Return the shown span from the URL; null shows all. */
function useRange(): Span {
  const { parameters } = useRoute();
  const from = parameters.get("from");
  const to = parameters.get("to");
  return useMemo<Span>(() => {
    const [start, end] = [Date.parse(from ?? ""), Date.parse(to ?? "")];
    return end > start ? [start, end] : null;
  }, [from, to]);
}

function setRange(range: Span): void {
  const text = (time: number) => new Date(Math.round(time / STEP) * STEP).toISOString().replace(".000Z", "Z");
  navigate(withParameters({ from: range && text(range[0]), to: range && text(range[1]) }), { replace: true });
}
