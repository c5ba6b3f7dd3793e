/** What the list of campaigns and the page of one show alike. */
import type { CampaignRow, SharedIndicator } from "../../api/types";
import { Link } from "../../app/link";
import { aspectName } from "../../words/names";
import { number, plural } from "../../words/numbers";
import { exact, moment } from "../../words/times";
import { lookAddress } from "../look/subjects";

const MOST_NAMED = 8;

/** Return how many organisations, accounts and days: "3 organisations, 5 accounts, within 2 days". */
export function campaignWords(campaign: CampaignRow): string {
  const organisations = campaign.tenants.length + campaign.other_organisations;
  return `${plural(organisations, "organisation")}, ${plural(campaign.accounts, campaign.other_organisations > 0 ? "account of yours" : "account", campaign.other_organisations > 0 ? "accounts of yours" : "accounts")}, within ${plural(campaign.days, "day")}`;
}

export function CampaignHead({ campaign }: { campaign: CampaignRow }) {
  const [first] = campaign.tenants;
  return (
    <>
      <b>{campaignWords(campaign)}</b>{" "}
      <span className="small soft">
        {campaign.other_organisations > 0 ? "first seen at yours" : "first seen at"}{" "}
        {campaign.other_organisations === 0 && <><span className="log-text">{first}</span>, </>}
        <time dateTime={campaign.first_event} title={exact(campaign.first_event)}>
          {moment(campaign.first_event)} UTC
        </time>
      </span>
    </>
  );
}

export function SharedIndicators({ values }: { values: readonly SharedIndicator[] }) {
  return (
    <ul className="campaign-values" aria-label="Shared indicators">
      {values.map((one) => (
        <li key={`${one.field} ${one.value}`}>
          <span className="soft">{aspectName(one.field)}</span>{" "}
          {one.subject === null ? (
            <span className="log-text">{one.value}</span>
          ) : (
            <Link className="log-text" href={lookAddress(one.subject)}>
              {one.value}
            </Link>
          )}{" "}
          <span className="small soft">{one.others === null ? "" : one.others === 0 ? "no other account is known to use it" : `${plural(one.others, "other account")} used it`}</span>
        </li>
      ))}
    </ul>
  );
}

/** Say who to warn: organisations of the campaign without a raised incident. */
export function Warn({ campaign }: { campaign: CampaignRow }) {
  const named = campaign.warn.slice(0, MOST_NAMED);
  const more = campaign.warn.length - named.length;
  return (
    <p className="small">
      {campaign.other_organisations > 0 && <span className="badge">and {plural(campaign.other_organisations, "other organisation")}</span>}{" "}
      {named.length === 0 ? (
        <span className="soft">{campaign.other_organisations > 0 ? "An incident is raised at each of yours." : "An incident is raised at each organisation."}</span>
      ) : (
        <>
          <span className="badge badge-warning">To warn</span> no incident is raised at{" "}
          {named.map((tenant, place) => (
            <span key={tenant}>
              {place > 0 && ", "}
              <span className="log-text">{tenant}</span>
            </span>
          ))}
          {more > 0 && ` and ${number(more)} more`}
        </>
      )}
    </p>
  );
}
