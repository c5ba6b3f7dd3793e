/** One value, such as an address or a session: first and last seen, counts by day, what goes with it, incidents, records. */
import { useState } from "react";
import { usePages, useResource } from "../../api/resource";
import type { LogRecord, LookedUp, SeenBeside } from "../../api/types";
import { Link } from "../../app/link";
import { accountAddress, useRoute } from "../../app/router";
import { useMayAnswer } from "../../app/session";
import { Button, CopyButton } from "../../design/controls";
import { EmptyState, ErrorState, Notice, Panel, Skeleton } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { day, span } from "../../words/times";
import { IncidentLines } from "../parts/incident-lines";
import { Facts, Page } from "../parts/page";
import { Records } from "../parts/records";
import { SaveView } from "../search/views";
import { lookAddress } from "./subjects";
import "./look.css";

const NAMES: Record<string, string> = {
  accounts: "Accounts",
  addresses: "Addresses",
  networks: "Networks",
  countries: "Countries",
  apps: "Applications",
  clients: "Clients",
  sessions: "Sessions",
  operations: "Operations",
};
const FEW = 8;

export default function LookPage() {
  const { parameters } = useRoute();
  const subject = parameters.get("subject") ?? "";
  const found = useResource<LookedUp>(subject ? "/api/look" : null, { subject });
  if (!subject) {
    return (
      <EmptyState icon="search" title="No value is named">
        <p>Search for ip:203.0.113.7, cidr:203.0.113.0/24, session:, rule:, message: or day:, or open a value of a record.</p>
      </EmptyState>
    );
  }
  if (found.error && found.data === undefined) return <ErrorState error={found.error} onRetry={found.reload} />;
  if (found.data === undefined) return <Skeleton rows={10} />;
  return <Known key={found.data.subject} found={found.data} />;
}

function Known({ found }: { found: LookedUp }) {
  const mayChange = useMayAnswer();
  const [isSaving, setSaving] = useState(false);
  const records = usePages<LogRecord>("/api/look/records", { subject: found.subject }, 50);
  const most = Math.max(1, ...found.by_day.map((one) => one.records));
  return (
    <Page
      title={found.subject}
      about="What the stored records show of this value."
      actions={
        <>
          <CopyButton text={found.value} label="Copy value" isSmall={false} />
          {mayChange && (
            <Button icon="star" onPress={() => setSaving(true)}>
              Save
            </Button>
          )}
        </>
      }
    >
      <Facts
        facts={[
          ["Records", number(found.records)],
          ["Days", number(found.by_day.length)],
          ["Seen", found.first && found.last ? `${span(found.first, found.last)} UTC` : "never"],
          ["Incidents", number(found.incidents.length)],
        ]}
      />
      {found.is_cut && found.looked_from && (
        <Notice tone="warning">Records before {day(found.looked_from)} were not looked at: there are too many. Counts and first seen are since then.</Notice>
      )}
      {found.records === 0 ? (
        <p className="quiet-empty">No stored record shows it. {plural(found.searched, "record")} looked at.</p>
      ) : (
        <>
          {found.incidents.length > 0 && (
            <Panel title={plural(found.incidents.length, "incident")}>
              <IncidentLines incidents={found.incidents} label="Incidents that list its records" />
            </Panel>
          )}
          <Panel title="By day, UTC">
            <ul className="look-days" tabIndex={0} aria-label="Records by day">
              {found.by_day.map((one) => (
                <li key={one.day}>
                  <Link href={lookAddress(`day:${one.day}`)}>{one.day}</Link>
                  <span className="look-bar" aria-hidden="true">
                    <i style={{ width: `${(100 * one.records) / most}%` }} />
                  </span>
                  <span className="numbers">{number(one.records)}</span>
                </li>
              ))}
            </ul>
          </Panel>
          <div className="look-seen">
            {found.seen.map((field) =>
              field.values.length === 0 ? null : (
                <Panel key={field.name} title={NAMES[field.name] ?? field.name} aside={<span className="small soft">{`${field.is_cut ? "at least " : ""}${number(field.total)}`}</span>}>
                  <Values values={field.values} />
                </Panel>
              ),
            )}
          </div>
          <Panel title="Records" id="records">
            <Records label={`Records of ${found.subject}`} pages={records} empty={<p className="quiet-empty">No record.</p>} />
          </Panel>
        </>
      )}
      <SaveView query={found.subject} isOpen={isSaving} onClose={() => setSaving(false)} />
    </Page>
  );
}

function Values({ values }: { values: readonly SeenBeside[] }) {
  const [all, setAll] = useState(false);
  return (
    <>
      <ul className="look-values small">
        {(all ? values : values.slice(0, FEW)).map((one) => (
          <li key={`${one.tenant ?? ""} ${one.value}`} title={span(one.first, one.last)}>
            <Link className="log-text" href={one.tenant === null ? lookAddress(one.subject) : accountAddress(one.tenant, one.value)}>
              {one.name ? `${one.value} ${one.name}` : one.value}
            </Link>
            <span className="soft numbers">{number(one.records)}</span>
          </li>
        ))}
      </ul>
      {values.length > FEW && (
        <Button look="quiet" isSmall onPress={() => setAll(!all)}>
          {all ? "Fewer" : plural(values.length - FEW, "more", "more")}
        </Button>
      )}
    </>
  );
}
