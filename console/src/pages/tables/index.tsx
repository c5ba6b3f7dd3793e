/** Tables of what the logs hold, beside the incidents: filtered, sorted, new ones alone, and as CSV. */
import { useState } from "react";
import { address } from "../../api/client";
import { useResource } from "../../api/resource";
import type { TableValue } from "../../api/types";
import { Link } from "../../app/link";
import { useParameter, useRoute, withParameters } from "../../app/router";
import { Button, download } from "../../design/controls";
import { EmptyState, ErrorState, Skeleton } from "../../design/states";
import { number, plural } from "../../words/numbers";
import { exact } from "../../words/times";
import { Page } from "../parts/page";
import { Rows } from "./rows";
import "./tables.css";

const TABLES = [
  ["rule-hits", "Rule hits"],
  ["sign-ins", "Sign-ins"],
  ["consents", "Consents"],
  ["mail-rules", "Mail rules and forwarding"],
  ["applications", "Applications"],
  ["networks", "Networks"],
  ["accounts", "Accounts"],
] as const;
const LEVELS = ["critical", "high", "medium", "low", "informational"] as const;
const SPANS = [
  ["", "Everything"],
  ["1", "New in the last day"],
  ["7", "New in the last 7 days"],
  ["30", "New in the last 30 days"],
] as const;
const STEP = 100;
const MOST = 500;

export default function TablesPage() {
  const [name] = useParameter("table", "rule-hits");
  return (
    <Page title="Tables" about="What the logs hold, beside the incidents. A row is a lead and no finding: tables know nothing of what is usual.">
      <nav aria-label="Tables" className="tables-nav">
        {TABLES.map(([id, label]) => (
          <Link key={id} href={`/tables?${new URLSearchParams({ table: id }).toString()}`} aria-current={id === name ? "page" : undefined}>
            {label}
          </Link>
        ))}
      </nav>
      <Chosen key={name} name={name} />
    </Page>
  );
}

function Chosen({ name }: { name: string }) {
  const { parameters } = useRoute();
  const [q, setQ] = useParameter("q");
  const [level, setLevel] = useParameter("level");
  const [days, setDays] = useParameter("new");
  const [sort, setSort] = useParameter("sort");
  const [limit, setLimit] = useState(STEP);
  const account = parameters.get("account");
  const wanted = { q, level, account, new_days: days, sort };
  const path = `/api/tables/${encodeURIComponent(name)}`;
  const table = useResource<TableValue>(path, { ...wanted, limit });
  return (
    <section className="panel tables" aria-label={table.data?.title ?? "Table"}>
      <form className="tables-filters" role="search" aria-label="Rows" onSubmit={(event) => event.preventDefault()}>
        <div className="field">
          <label htmlFor="table-words">Filter rows</label>
          <input id="table-words" className="input" type="search" defaultValue={q} placeholder="account, address, name" onChange={(event) => setQ(event.target.value)} />
        </div>
        {name === "rule-hits" && (
          <div className="field">
            <label htmlFor="table-level">Level</label>
            <select id="table-level" className="input" value={level} onChange={(event) => setLevel(event.target.value)}>
              <option value="">all levels</option>
              {LEVELS.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </div>
        )}
        <div className="field">
          <label htmlFor="table-new">Seen first</label>
          <select id="table-new" className="input" value={days} onChange={(event) => setDays(event.target.value)}>
            {SPANS.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </div>
        <Button icon="download" onPress={() => download(address(`${path}/rows.csv`, wanted))}>
          CSV
        </Button>
      </form>
      {account !== null && (
        <p className="small">
          Only of <b className="log-text">{account}</b>. <Link href={withParameters({ account: null })}>Show all</Link>
        </p>
      )}
      {table.error ? (
        <ErrorState error={table.error} onRetry={table.reload} />
      ) : table.data === undefined ? (
        <Skeleton rows={8} />
      ) : (
        <Shown table={table.data} sort={sort} onSort={setSort} isMore={limit < Math.min(table.data.total, MOST)} onMore={() => setLimit(Math.min(limit + STEP, MOST))} />
      )}
    </section>
  );
}

interface ShownProps {
  table: TableValue;
  sort: string;
  onSort: (sort: string) => void;
  isMore: boolean;
  onMore: () => void;
}

function Shown({ table, sort, onSort, isMore, onMore }: ShownProps) {
  if (table.rows_all === 0) {
    return (
      <EmptyState icon="search" title="The logs hold nothing for this table">
        <p>{table.name === "rule-hits" ? "No Sigma rule hit a record of an incident so far." : "Read more logs, and rows appear here by themselves."}</p>
      </EmptyState>
    );
  }
  if (table.total === 0) {
    return (
      <EmptyState icon="filter" title={table.new_since === null ? "No row matches" : "Nothing new"}>
        {table.new_since !== null && <p>Nothing of this table was seen for the first time since {exact(table.new_since)}.</p>}
        <Link className="button" href={`/tables?table=${table.name}`}>
          Show all {plural(table.rows_all, "row")}
        </Link>
      </EmptyState>
    );
  }
  return (
    <>
      <p className="small soft" role="status">
        {table.total === table.rows_all ? plural(table.total, "row") : `${number(table.total)} of ${plural(table.rows_all, "row")}`}
        {table.new_since !== null && `, seen first after ${exact(table.new_since)}`}
        {table.rows.length < table.total && `, ${number(table.rows.length)} shown`}
      </p>
      <Rows table={table} sort={sort} onSort={onSort} />
      {isMore ? <Button onPress={onMore}>Show more</Button> : table.rows.length < table.total && <p className="small soft">The CSV has all of them.</p>}
      {table.note && <p className="small soft">{table.note}</p>}
    </>
  );
}
