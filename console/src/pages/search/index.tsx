/** Search incidents, records and accounts by words and fields; searches can be saved as views. */
import { useEffect, useState } from "react";
import { usePages, useResource } from "../../api/resource";
import type { AccountRow, IncidentRow, LookedUp, SearchReading, UnknownPart, View } from "../../api/types";
import { Link } from "../../app/link";
import { accountAddress, navigate, useParameter } from "../../app/router";
import { useMayAnswer, useSummary } from "../../app/session";
import { Button } from "../../design/controls";
import { EmptyState, ErrorState, Notice, Panel, Skeleton } from "../../design/states";
import { termsWords } from "../../words/looks";
import { plural } from "../../words/numbers";
import { LookResult } from "../look/result";
import { askedAddress, type Asked } from "../look/subjects";
import { IncidentLines } from "../parts/incident-lines";
import { Page } from "../parts/page";
import { accountWords, FIELDS, type Field } from "./fields";
import { SearchField } from "./search-field";
import { SaveView, Views } from "./views";
import "./search.css";

/** Return what a search asks of records, null if nothing. */
function askedOf(reading: SearchReading | undefined): Asked | null {
  if (reading === undefined || reading.subjects.length === 0) return null;
  const { subjects, tenant, from, to } = reading;
  return { subject: subjects, tenant, from, to, ...(reading.is_by_records ? { q: reading.incidents } : {}) };
}

export default function SearchPage() {
  const [asked, setAsked] = useParameter("q");
  const [typed, setTyped] = useState(asked);
  const [isSaving, setSaving] = useState(false);
  const [isHelp, setHelp] = useState(false);
  const summary = useSummary();
  const mayChange = useMayAnswer();
  const views = useResource<{ items: View[] }>("/api/views");
  const reading = useResource<SearchReading>(asked ? "/api/search" : null, { q: asked });
  const read = reading.data;
  const look = askedOf(read);
  useEffect(() => setTyped(asked), [asked]);
  const isPage = look !== null && read !== undefined && read.is_by_records && read.incidents === "" && read.unknown.length === 0;
  const page = isPage && look !== null ? askedAddress(look) : null;
  useEffect(() => {
    if (page !== null) navigate(page, { replace: true });
  }, [page]);

  const unknown = read?.unknown ?? [];
  return (
    <Page title="Search" about="Incidents, records and accounts, by words and fields.">
      <form
        className="search-form"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(typed.trim(), { push: true });
        }}
      >
        <SearchField value={typed} onChange={setTyped} onSearch={(value) => setAsked(value.trim(), { push: true })} known={{ tenant: summary?.tenants ?? [] }} fault={unknown.length > 0 && typed === asked ? "search-unknown" : undefined} />
        <Button look="primary" type="submit">
          Search
        </Button>
        {mayChange && (
          <Button icon="star" isDisabled={!asked || unknown.length > 0} onPress={() => setSaving(true)}>
            Save as a view
          </Button>
        )}
        <Button icon="info" aria-expanded={isHelp || !asked} onPress={() => setHelp(!isHelp)}>
          Fields
        </Button>
      </form>
      <Views views={views.data?.items ?? []} asked={asked} mayChange={mayChange} />
      {(isHelp || !asked) && <Help onExample={(example) => setTyped(typed.trim() ? `${typed.trim()} ${example} ` : `${example} `)} />}
      {unknown.length > 0 && <Unknown parts={unknown} />}
      {asked && reading.error && read === undefined && <ErrorState error={reading.error} onRetry={reading.reload} />}
      {asked && read === undefined && !reading.error && <Skeleton rows={6} />}
      {asked && read !== undefined && page === null && <Results read={read} look={look} words={accountWords(asked)} />}
      <SaveView query={asked} isOpen={isSaving} onClose={() => setSaving(false)} />
    </Page>
  );
}

function Unknown({ parts }: { parts: readonly UnknownPart[] }) {
  return (
    <div role="alert" id="search-unknown">
      <Notice tone="warning">
        <p>{parts.length === 1 ? "One part was not understood and is left out:" : `${parts.length} parts were not understood and are left out:`}</p>
        <ul className="search-unknown">
          {parts.map((part, place) => (
            <li key={place}>
              <code className="log-text">{part.text}</code>: {part.why}
              {part.fix && <span className="soft">. {part.fix}</span>}
            </li>
          ))}
        </ul>
      </Notice>
    </div>
  );
}

function Results({ read, look, words }: { read: SearchReading; look: Asked | null; words: string }) {
  const isNothing = read.incidents === "" && look === null && words === "";
  if (isNothing) {
    return (
      <EmptyState icon="search" title="Nothing is left to search for">
        <p>Write the part again as the message says, or choose a field above.</p>
      </EmptyState>
    );
  }
  return (
    <>
      {!read.is_by_records && (
        <div className={words === "" ? "" : "search-results"}>
          <Incidents q={read.incidents} />
          {words !== "" && <Accounts words={words} />}
        </div>
      )}
      {look !== null && <RecordsFound look={look} isByRecords={read.is_by_records} isNarrowed={read.incidents !== "" && read.is_by_records} />}
    </>
  );
}

/** What the records show of the values in the search. */
function RecordsFound({ look, isByRecords, isNarrowed }: { look: Asked; isByRecords: boolean; isNarrowed: boolean }) {
  const found = useResource<LookedUp>("/api/look", { ...look });
  if (found.error && found.data === undefined) return <ErrorState error={found.error} onRetry={found.reload} />;
  if (found.data === undefined) return <Skeleton rows={8} />;
  return (
    <section className="search-records" aria-labelledby="search-records">
      <h2 id="search-records">
        Records of {termsWords(found.data.subjects)} <Link href={askedAddress(look)}>Open as a page</Link>
      </h2>
      {isNarrowed && <p className="small soft">Words and fields of incidents choose among the incidents. The records are all that show these values.</p>}
      <LookResult found={found.data} asked={look} withIncidents={isByRecords} />
    </section>
  );
}

function Incidents({ q }: { q: string }) {
  const incidents = usePages<IncidentRow>(q ? "/api/incidents" : null, { queue: "all", q, sort: "score" }, 50);
  if (!q) return null;
  return (
    <Panel title="Incidents" aside={<span className="small soft">{incidents.loading ? "" : plural(incidents.total ?? incidents.items.length, "incident")}</span>}>
      {incidents.loading ? (
        <Skeleton rows={5} />
      ) : incidents.error ? (
        <ErrorState error={incidents.error} onRetry={incidents.reload} />
      ) : incidents.items.length === 0 ? (
        <EmptyState icon="search" title="No incident fits">
          <p>All terms must hold. Leave one out, or look for a part of a word.</p>
        </EmptyState>
      ) : (
        <>
          <IncidentLines incidents={incidents.items} label="Incidents found" />
          {incidents.hasMore && (
            <div>
              <Button isDisabled={incidents.loadingMore} onPress={incidents.more}>
                {incidents.loadingMore ? "Fetching…" : "More"}
              </Button>
            </div>
          )}
        </>
      )}
    </Panel>
  );
}

function Accounts({ words }: { words: string }) {
  const accounts = usePages<AccountRow>(words ? "/api/accounts" : null, { q: words }, 20);
  return (
    <Panel title="Accounts">
      {accounts.loading ? (
        <Skeleton rows={3} />
      ) : accounts.error ? (
        <p className="field-fault" role="alert">{accounts.error.message}</p>
      ) : accounts.items.length === 0 ? (
        <p className="quiet-empty">No account has this in its name.</p>
      ) : (
        <div>
          {accounts.items.map((row) => (
            <Link key={`${row.tenant}\n${row.account}`} className="account-line" href={accountAddress(row.tenant, row.account)}>
              <b className="log-text">{row.account}</b>
              <span className="soft small nowrap">{row.incidents > 0 ? plural(row.incidents, "incident") : plural(row.events, "record")}</span>
            </Link>
          ))}
          {accounts.hasMore && (
            <p className="small">
              <Link href={`/accounts?${new URLSearchParams({ q: words }).toString()}`}>All accounts with this name</Link>
            </p>
          )}
        </div>
      )}
    </Panel>
  );
}

function Help({ onExample }: { onExample: (example: string) => void }) {
  return (
    <Panel title="What a search can say">
      <p className="small soft">
        Every part must hold; <code>-</code> before one means not; quotes keep words together. Words look everywhere in an incident, and in the names of accounts.
      </p>
      <Examples fields={FIELDS.filter((field) => !field.isOfRecords)} onExample={onExample} />
      <h3>Of records</h3>
      <p className="small soft">These look through all stored records. An incident has them if it lists such a record. One alone opens the page of that value; an address needs no field.</p>
      <Examples fields={FIELDS.filter((field) => field.isOfRecords)} onExample={onExample} />
    </Panel>
  );
}

function Examples({ fields, onExample }: { fields: readonly Field[]; onExample: (example: string) => void }) {
  return (
    <dl className="search-help">
      {fields.map((field) => (
        <div key={field.name}>
          <dt>
            <button type="button" className="search-example mono" title="Add to the search" onClick={() => onExample(field.example)}>
              {field.example}
            </button>
          </dt>
          <dd>{field.about}</dd>
        </div>
      ))}
    </dl>
  );
}
