/** The rows of a table: every heading sorts, and values lead to their pages. */
import type { ReactNode } from "react";
import type { TableValue } from "../../api/types";
import { Link } from "../../app/link";
import { accountAddress } from "../../app/router";
import { number } from "../../words/numbers";
import { exact } from "../../words/times";
import { lookAddress } from "../look/subjects";

type Cell = TableValue["rows"][number][number];
const KINDS: Record<string, string> = { address: "ip", network: "network", application: "app", country: "country" };

export function Rows({ table, sort, onSort }: { table: TableValue; sort: string; onSort: (sort: string) => void }) {
  const tenant = table.columns.findIndex((column) => column.name === "tenant");
  const isOne = new Set(table.rows.map((row) => row[tenant])).size < 2;
  const shown = table.columns.map((column, place) => ({ ...column, place })).filter((column) => !column.is_detail && (column.place !== tenant || !isOne));
  const by = sort.replace(/^-/, "");
  return (
    <div className="table-scroll" role="region" aria-label="Rows of the table" tabIndex={0}>
      <table className="table stacking tables-rows">
        <thead>
          <tr>
            {shown.map((column) => (
              <th key={column.name} scope="col" className={isRight(column.kind) ? "right" : ""} aria-sort={by !== column.name ? "none" : sort.startsWith("-") ? "descending" : "ascending"}>
                <button type="button" onClick={() => onSort(nextSort(sort, column.name, column.kind))}>
                  {column.heading}
                  <span aria-hidden="true">{by !== column.name ? "" : sort.startsWith("-") ? " ↓" : " ↑"}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, place) => (
            <tr key={place}>
              {shown.map((column) => (
                <td key={column.name} data-name={column.heading} className={isRight(column.kind) ? "right numbers" : "log-text"}>
                  {cell(column.name, column.kind, row[column.place] ?? null, String(row[tenant] ?? ""))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const isRight = (kind: string) => kind === "count" || kind === "number";

/** The first press sorts texts from A and numbers from the largest, the second the other way, the third not. */
function nextSort(sort: string, name: string, kind: string): string {
  const [first, second] = kind === "text" ? [name, `-${name}`] : [`-${name}`, name];
  return sort === first ? second : sort === second ? "" : first;
}

function cell(name: string, kind: string, value: Cell, tenant: string): ReactNode {
  if (value === null || value === "") return <span className="soft">–</span>;
  if (kind === "time") return <time dateTime={String(value)}>{exact(String(value))}</time>;
  if (typeof value === "number") return kind === "number" ? value.toFixed(1) : number(value);
  if (name === "account" && tenant !== "") return <Link href={accountAddress(tenant, value)}>{value}</Link>;
  const subject = KINDS[name];
  return subject === undefined || value.length > 1000 ? value : <Link href={lookAddress(`${subject}:${value}`)}>{value}</Link>;
}
