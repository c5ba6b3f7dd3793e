/** The list of all accounts in the logs, with a search by name. */
import { useEffect, useState, useRef } from "react";
import { usePages } from "../../api/resource";
import type { AccountRow } from "../../api/types";
import { accountAddress, navigate, useParameter } from "../../app/router";
import { useSummary } from "../../app/session";
import { EmptyState } from "../../design/states";
import { number, score, SCORE_MEANS } from "../../words/numbers";
import { span } from "../../words/times";
import { LongList, type Column } from "../parts/long-list";
import { Page } from "../parts/page";
import { UnjudgedNotice } from "../parts/unjudged";
import "./accounts.css";

const COLUMNS: Column<AccountRow>[] = [
  {
    name: "Account",
    cell: (row) => (
      <span className="accounts-name">
        <b className="clip log-text" title={row.account}>{row.name || row.account}</b>
        {row.name && <span className="soft small clip log-text">{row.account}</span>}
        {row.type && row.type !== "user" && <span className="badge">{row.type}</span>}
      </span>
    ),
  },
  { name: "Organisation", cell: (row) => <span className="clip soft" title={row.tenant}>{row.tenant}</span> },
  { name: "Records", isRight: true, cell: (row) => <>{number(row.events)}<span className="accounts-noun"> {row.events === 1 ? "record" : "records"}</span></> },
  { name: "Seen", cell: (row) => <span className="soft">{span(row.first, row.last)}</span> },
  { name: "Incidents", isRight: true, cell: (row) => (row.incidents > 0 ? <span className="badge badge-warning">{number(row.incidents)}{" "}<span className="visually-hidden">incidents</span></span> : <span className="soft">–</span>) },
  { name: "Worst", isRight: true, cell: (row) => (row.worst === null ? <span className="soft">–</span> : <b title={SCORE_MEANS}>{score(row.worst)}</b>) },
];

/** The same without the organisation, which is that of all accounts. */
const OF_ONE = COLUMNS.filter((column) => column.name !== "Organisation");

const ORDERS: [order: string, words: string][] = [
  ["worst", "Worst incident first"],
  ["name", "By name"],
  ["-last", "Last active first"],
];

export default function AccountsPage() {
  const [asked, setAsked] = useParameter("q");
  const [sort, setSort] = useParameter("sort");
  const order = ORDERS.some(([one]) => one === sort) ? sort : asked ? "name" : "worst";
  const [typed, setTyped] = useState(asked);
  // What was typed goes into the address; only another address, such as by going back, goes into the field.
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
    }, 250);
    return () => clearTimeout(timer);
  }, [typed, setAsked]);
  const hasSeveral = (useSummary()?.tenants.length ?? 0) > 1;
  const pages = usePages<AccountRow>("/api/accounts", { q: asked, sort: order }, 200);
  return (
    <Page title="Accounts" about="Whose habits are known. Open one to see where, how and when it is used.">
      <div className="accounts-choose">
        <div className="field accounts-find">
          <label htmlFor="accounts-find">Find an account</label>
          <input
            id="accounts-find"
            className="input"
            type="search"
            value={typed}
            placeholder="A part of its name"
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setTyped(event.target.value)}
          />
        </div>
        <div className="field">
          <label htmlFor="accounts-order">Order</label>
          <select id="accounts-order" className="input" value={order} onChange={(event) => setSort(event.target.value)}>
            {ORDERS.map(([one, words]) => (
              <option key={one} value={one}>
                {words}
              </option>
            ))}
          </select>
        </div>
      </div>
      <UnjudgedNotice />
      <section className="panel" aria-label="Accounts">
        <LongList
          label="Accounts"
          pages={pages}
          columns={hasSeveral ? COLUMNS : OF_ONE}
          className={`accounts-grid ${hasSeveral ? "" : "of-one"}`}
          keyOf={(row) => `${row.tenant}\n${row.account}`}
          rowHeight={42}
          narrowHeight={62}
          height="max(320px, calc(100dvh - 300px))"
          noun={["account", "accounts"]}
          onOpen={(row) => navigate(accountAddress(row.tenant, row.account))}
          empty={
            asked ? (
              <EmptyState icon="search" title="No account has this in its name">
                <p>Names are compared without regard to case. Try a shorter part.</p>
              </EmptyState>
            ) : (
              <EmptyState icon="accounts" title="No account is known yet">
                <p>Accounts appear as soon as the first records are read.</p>
              </EmptyState>
            )
          }
        />
      </section>
    </Page>
  );
}
