/** Tenants for providers: open incidents of each organisation, and campaigns over several of them. */
import { useEffect, useRef, useState } from "react";
import { useResource } from "../../api/resource";
import type { Campaigns, Severity, TenantRow, Tenants } from "../../api/types";
import { Link } from "../../app/link";
import { campaignAddress, tenantAddress, useParameter } from "../../app/router";
import { useSession } from "../../app/session";
import { SeverityMark } from "../../design/marks";
import { EmptyState, ErrorState, Notice, Panel, Skeleton } from "../../design/states";
import { SEVERITIES, severityName } from "../../words/names";
import { number, plural } from "../../words/numbers";
import { moment } from "../../words/times";
import { Page } from "../parts/page";
import { CampaignHead, SharedIndicators, Warn } from "./parts";
import "./tenants.css";

const MOST_LINES = 200;

export default function TenantsPage() {
  const [asked, setAsked] = useParameter("q");
  const tenants = useResource<Tenants>("/api/tenants");
  const isLimited = (useSession().user?.organisations ?? null) !== null;
  return (
    <Page
      title="Tenants"
      about={
        isLimited
          ? "Your organisations, and the campaigns that they share with others. The others are counted, never named."
          : "Every organisation with its open incidents, and the campaigns that several of them share. For providers who watch over many."
      }
    >
      {tenants.error && tenants.data === undefined ? (
        <ErrorState error={tenants.error} onRetry={tenants.reload} />
      ) : tenants.data === undefined ? (
        <Skeleton rows={6} />
      ) : tenants.data.total === 0 ? (
        <EmptyState icon="organisation" title="No organisation is known yet">
          <p>
            Organisations appear once their records were read and scored. See <Link href="/">the queue</Link> for how to begin.
          </p>
        </EmptyState>
      ) : (
        <>
          {tenants.data.total === 1 && !isLimited && (
            <Notice>
              This store holds one organisation, so there is nothing to compare: work in <Link href="/">the queue</Link>. Campaigns need the records of three organisations in one store.
            </Notice>
          )}
          <CampaignList asked={asked} setAsked={setAsked} />
          <TenantList tenants={tenants.data} />
        </>
      )}
    </Page>
  );
}

function CampaignList({ asked, setAsked }: { asked: string; setAsked: (text: string) => void }) {
  const [typed, setTyped] = useState(asked);
  const sent = useRef(asked);
  useEffect(() => {
    if (asked === sent.current) return;
    sent.current = asked;
    setTyped(asked);
  }, [asked]);
  useEffect(() => {
    if (typed === sent.current) return undefined;
    const timer = setTimeout(() => {
      sent.current = typed;
      setAsked(typed);
    }, 400);
    return () => clearTimeout(timer);
  }, [typed, setAsked]);
  const found = useResource<Campaigns>("/api/campaigns", { q: asked });
  return (
    <Panel title="Campaigns" aside={found.data && <span className="small soft">{plural(found.data.items.length, "campaign")} of the last {number(found.data.days)} days</span>}>
      <div className="field tenants-find">
        <label htmlFor="campaign-find">Find by indicator</label>
        <input
          id="campaign-find"
          className="input"
          type="search"
          value={typed}
          placeholder="An address, application, network, client or key"
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
      {found.error && found.data === undefined ? (
        <ErrorState error={found.error} onRetry={found.reload} />
      ) : found.data === undefined ? (
        <Skeleton rows={4} />
      ) : found.data.items.length === 0 ? (
        <p className="soft">
          {asked
            ? "No campaign shares this indicator."
            : `No campaign: at least ${found.data.least_organisations} organisations would have to meet the same rare value within a week.`}
        </p>
      ) : (
        <ul className="campaigns">
          {found.data.items.map((one) => (
            <li key={one.id} className="campaign">
              <Link className="campaign-name" href={campaignAddress(one.id)}>
                <CampaignHead campaign={one} />
              </Link>
              <SharedIndicators values={one.values} />
              <Warn campaign={one} />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function TenantList({ tenants }: { tenants: Tenants }) {
  const shown = tenants.items.slice(0, MOST_LINES);
  return (
    <Panel title="Organisations" aside={<span className="small soft">{plural(tenants.total, "organisation")}</span>}>
      <ul className="tenants">
        {shown.map((one) => (
          <TenantLine key={one.tenant} tenant={one} />
        ))}
      </ul>
      {tenants.total > shown.length && <p className="small soft">The {number(shown.length)} with the most severe open incidents.</p>}
    </Panel>
  );
}

function TenantLine({ tenant }: { tenant: TenantRow }) {
  return (
    <li className="tenant">
      <Link className="log-text" href={tenantAddress(tenant.tenant)}>
        {tenant.tenant}
      </Link>
      <span className="small soft">{tenant.accounts > 0 ? plural(tenant.accounts, "active account") : "no active account"}</span>
      <span className="tenant-open">
        {tenant.open === 0 ? (
          <span className="small soft">nothing open</span>
        ) : (
          SEVERITIES.filter((severity) => tenant.by_severity[severity] > 0).map((severity: Severity) => (
            <span key={severity} className="tenant-count">
              <SeverityMark severity={severity} isNamed={false} />
              {number(tenant.by_severity[severity])} <span className="visually-hidden">{severityName(severity)}</span>
            </span>
          ))
        )}
      </span>
      <span className="small soft">{tenant.last_event && `last event ${moment(tenant.last_event)} UTC`}</span>
    </li>
  );
}
