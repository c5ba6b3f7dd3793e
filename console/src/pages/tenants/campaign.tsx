/** One campaign: its accounts in order of time with their incidents, shared indicators, and where else the records show them. */
import { useResource } from "../../api/resource";
import type { CampaignMember, CampaignValue, ShowingTenant } from "../../api/types";
import { Link } from "../../app/link";
import { accountAddress, incidentAddress, useRoute } from "../../app/router";
import { SeverityLabel } from "../../design/marks";
import { ErrorState, Notice, Panel, Skeleton } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { exact, moment } from "../../words/times";
import { Page } from "../parts/page";
import { CampaignHead, campaignWords, SharedIndicators, Warn } from "./parts";
import "./tenants.css";

const MOST_LINES = 300;

export default function CampaignPage() {
  const { path } = useRoute();
  const id = decodeURIComponent(path.split("/").at(-1) ?? "");
  const { data, error, reload } = useResource<CampaignValue>(`/api/campaigns/${encodeURIComponent(id)}`);
  if (error && data === undefined) return <ErrorState error={error} onRetry={reload} />;
  if (data === undefined) return <Skeleton rows={8} />;
  const { campaign, members, showing } = data;
  return (
    <Page
      title="Campaign"
      tab={campaignWords(campaign)}
      about={<CampaignHead campaign={campaign} />}
      actions={<Link href="/tenants">All campaigns</Link>}
    >
      <Panel title="Shared indicators">
        <SharedIndicators values={campaign.values} />
        <Warn campaign={campaign} />
      </Panel>
      <Panel title="Accounts" aside={<span className="small soft">{plural(members.length, "account")}, the first first</span>}>
        <ol className="members">
          {members.slice(0, MOST_LINES).map((one) => (
            <Member key={`${one.tenant} ${one.account}`} member={one} />
          ))}
        </ol>
        {members.length > MOST_LINES && <p className="small soft">The first {number(MOST_LINES)}.</p>}
      </Panel>
      <Panel title="In the records" aside={<span className="small soft">a week before and after</span>}>
        {data.is_cut && <Notice tone="warning">Not all records were looked through. Look into each indicator to see the rest.</Notice>}
        {showing.length === 0 ? (
          <p className="soft">No stored record shows one of these indicators.</p>
        ) : (
          <ul className="tenants">
            {showing.map((one) => (
              <Showing key={one.tenant} tenant={one} />
            ))}
          </ul>
        )}
      </Panel>
    </Page>
  );
}

function Member({ member }: { member: CampaignMember }) {
  return (
    <li className="member">
      <time className="small soft" dateTime={member.first_event} title={exact(member.first_event)}>
        {moment(member.first_event)} UTC
      </time>
      <span className="member-who">
        <Link className="log-text" href={accountAddress(member.tenant, member.account)}>
          {member.account}
        </Link>
        <span className="small soft log-text">{member.tenant}</span>
      </span>
      <span>
        {member.incident === null ? (
          <span className="small soft">no incident</span>
        ) : (
          <Link href={incidentAddress(member.incident)}>
            {member.severity === null ? "Incident" : <SeverityLabel severity={member.severity} />}
          </Link>
        )}{" "}
        {member.incident !== null && !member.raised && <span className="badge">not raised</span>}
      </span>
    </li>
  );
}

function Showing({ tenant }: { tenant: ShowingTenant }) {
  return (
    <li className="tenant">
      <span className="log-text">{tenant.tenant}</span>
      <span className="small soft">{plural(tenant.accounts, "account")} with a shared indicator</span>
      <span>{tenant.warned ? <span className="badge badge-good">incident raised</span> : <span className="badge badge-warning">to warn</span>}</span>
      <span />
    </li>
  );
}
