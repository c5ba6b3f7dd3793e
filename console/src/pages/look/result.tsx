/** What the stored records show of some values: first and last seen, incidents, accounts, what goes with them, records. */
import type { ReactNode } from "react";
import { usePages } from "../../api/resource";
import type { LogRecord, LookedUp, LookUpTerm } from "../../api/types";
import { Link } from "../../app/link";
import { Notice, Panel } from "../../design/states";
import { FIELD_NAMES } from "../../words/looks";
import { number, plural } from "../../words/numbers";
import { day, exact, moment } from "../../words/times";
import { IncidentLines } from "../parts/incident-lines";
import { Facts } from "../parts/page";
import { Records } from "../parts/records";
import { lookAddress, type Asked } from "./subjects";
import { Days, Values } from "./values";
import "./look.css";

interface ResultProps {
  found: LookedUp;
  asked: Asked;
  /** Where incidents are listed elsewhere on the page, they are not listed again. */
  withIncidents?: boolean;
  /** What stands between incidents and the values beside. */
  between?: ReactNode;
}

const seenAt = (time: string | null) => (time === null ? "never" : <time dateTime={time} title={exact(time)}>{`${moment(time)} UTC`}</time>);

export function LookResult({ found, asked, withIncidents = true, between }: ResultProps) {
  const count = (name: string) => found.seen.find((field) => field.name === name);
  const accounts = count("accounts");
  return (
    <>
      <Facts
        facts={[
          ["First seen", seenAt(found.first)],
          ["Last seen", seenAt(found.last)],
          ["Records", number(found.records)],
          ["Days", number(found.by_day.length)],
          ["Accounts", `${accounts?.is_cut ? "at least " : ""}${number(accounts?.total ?? 0)}`],
          ...(withIncidents ? [["Incidents", number(found.incident_count)] as const] : []),
        ]}
      />
      {found.is_cut && found.looked_from && (
        <Notice tone="warning">
          Records before {day(found.looked_from)} were not looked at: there are too many. Counts and first seen are since then. Name an earlier time with <code>before:</code> in a search.
        </Notice>
      )}
      {found.records === 0 ? (
        <p className="quiet-empty">
          No stored record shows {found.subjects.length > 1 ? "all of this" : "it"}: {plural(found.searched, "record")} looked at. Records that were never collected, or are older than what is kept, are not among them.
        </p>
      ) : (
        <Shown found={found} asked={asked} withIncidents={withIncidents} between={between} />
      )}
    </>
  );
}

/** Return whether a field shows nothing but the value that was looked up. */
function isOnlyItself(values: LookedUp["seen"][number]["values"], subjects: readonly LookUpTerm[]): boolean {
  return values.every((value) => subjects.some((one) => !one.is_not && one.subject.toLowerCase() === value.subject.toLowerCase()));
}

function Shown({ found, asked, withIncidents = true, between }: ResultProps) {
  const records = usePages<LogRecord>("/api/look/records", { subject: asked.subject, tenant: asked.tenant, from: asked.from, to: asked.to }, 50);
  return (
    <>
      {withIncidents && <Incidents found={found} />}
      {between}
      <div className="look-seen">
        {found.seen.map((field) =>
          isOnlyItself(field.values, found.subjects) ? null : (
            <Panel key={field.name} title={FIELD_NAMES[field.name]?.[0] ?? field.name} aside={<span className="small soft">{`${field.is_cut ? "at least " : ""}${number(field.total)}`}</span>}>
              <Values field={field.name} values={field.values} total={field.total} isCut={field.is_cut} />
            </Panel>
          ),
        )}
        {found.rules.length > 0 && (
          <Panel title="Rules that hit these incidents" aside={<span className="small soft">{number(found.rules.length)}</span>}>
            <ul className="look-values small">
              {found.rules.map((rule) => (
                <li key={rule.title}>
                  <Link className="log-text" href={lookAddress(`rule:${rule.title}`)}>
                    {rule.title}
                  </Link>
                  <span className="soft numbers">{plural(rule.records, "record")}</span>
                </li>
              ))}
            </ul>
          </Panel>
        )}
        <Panel title="By day, UTC" aside={<span className="small soft">{plural(found.by_day.length, "day")}</span>}>
          <Days days={found.by_day} />
        </Panel>
      </div>
      <Panel title="Records" id="records" aside={<span className="small soft">newest days first</span>}>
        <Records label={`Records of ${found.subject}`} pages={records} empty={<p className="quiet-empty">No record.</p>} />
      </Panel>
    </>
  );
}

function Incidents({ found }: { found: LookedUp }) {
  if (found.incident_count === 0) return <p className="quiet-empty">No incident lists a record of this.</p>;
  const left = found.incident_count - found.incidents.length;
  return (
    <Panel title={plural(found.incident_count, "incident")} aside={<span className="small soft">the worst first</span>}>
      <div className="look-incidents" role="region" aria-label="Incidents" tabIndex={0}>
        <IncidentLines incidents={found.incidents} label="Incidents that list its records" />
      </div>
      {left > 0 && <p className="small soft">and {plural(left, "further incident")}. Narrow it in the search, as with <code>severity:high</code>.</p>}
    </Panel>
  );
}
