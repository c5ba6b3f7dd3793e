/** Search incidents and accounts by words and fields; searches can be saved as views. */
import { useEffect, useState } from "react";
import { usePages, useResource } from "../../api/resource";
import type { AccountRow, IncidentRow, View } from "../../api/types";
import { Link } from "../../app/link";
import { accountAddress, navigate, useParameter } from "../../app/router";
import { useMayAnswer, useSummary } from "../../app/session";
import { Button } from "../../design/controls";
import { EmptyState, ErrorState, Panel, Skeleton } from "../../design/states";
import { plural } from "../../words/numbers";
import { IncidentLines } from "../parts/incident-lines";
import { Page } from "../parts/page";
import { accountWords, FIELDS } from "./fields";
import { SearchField } from "./search-field";
import { lookedFor } from "../look/subjects";
import { SaveView, Views } from "./views";
import "./search.css";

export default function SearchPage() {
  const [asked, setAsked] = useParameter("q");
  const [typed, setTyped] = useState(asked);
  const [isSaving, setSaving] = useState(false);
  const [isHelp, setHelp] = useState(false);
  const summary = useSummary();
  const mayChange = useMayAnswer();
  const views = useResource<{ items: View[] }>("/api/views");
  const incidents = usePages<IncidentRow>(asked && lookedFor(asked) === null ? "/api/incidents" : null, { queue: "all", q: asked, sort: "score" }, 50);
  const words = accountWords(asked);
  const accounts = usePages<AccountRow>(words ? "/api/accounts" : null, { q: words }, 20);
  useEffect(() => setTyped(asked), [asked]);
  const look = lookedFor(asked);
  useEffect(() => {
    if (look !== null) navigate(look, { replace: true });
  }, [look]);

  const isRefused = incidents.error !== undefined && incidents.error.status >= 400 && incidents.error.status < 500;
  const fault = isRefused && typed === asked ? [incidents.error?.message, incidents.error?.fix].filter(Boolean).join(": ") : undefined;
  return (
    <Page title="Search" about="Incidents by words and fields, accounts by name.">
      <form
        className="search-form"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(typed.trim(), { push: true });
        }}
      >
        <SearchField value={typed} onChange={setTyped} onSearch={(value) => setAsked(value.trim(), { push: true })} known={{ tenant: summary?.tenants ?? [] }} fault={fault} />
        <Button look="primary" type="submit">
          Search
        </Button>
        {mayChange && (
          <Button icon="star" isDisabled={!asked || fault !== undefined} onPress={() => setSaving(true)}>
            Save as a view
          </Button>
        )}
        <Button icon="info" aria-expanded={isHelp || !asked} onPress={() => setHelp(!isHelp)}>
          Fields
        </Button>
      </form>
      <Views views={views.data?.items ?? []} asked={asked} mayChange={mayChange} />
      {(isHelp || !asked) && <Help onExample={(example) => setTyped(typed.trim() ? `${typed.trim()} ${example} ` : `${example} `)} />}
      {asked && fault === undefined && (
        <div className="search-results">
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
          <Panel title="Accounts">
            {words === "" ? (
              <p className="quiet-empty">Plain words and <code>account:</code> look for accounts.</p>
            ) : accounts.loading ? (
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
        </div>
      )}
      <SaveView query={asked} isOpen={isSaving} onClose={() => setSaving(false)} />
    </Page>
  );
}

function Help({ onExample }: { onExample: (example: string) => void }) {
  return (
    <Panel title="What a search can say">
      <p className="small soft">
        One of <code>ip:</code> <code>cidr:</code> <code>session:</code> <code>token:</code> <code>device:</code> <code>key:</code> <code>agent:</code>{" "}
        <code>operation:</code> <code>rule:</code> <code>message:</code> <code>day:</code> alone opens the page of that value, over all stored records.
        Words look everywhere in an incident. Every term must hold; <code>-</code> before one means not; quotes keep words together.
      </p>
      <dl className="search-help">
        {FIELDS.map((field) => (
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
    </Panel>
  );
}
