/** The values of one field beside a value that was looked up, and its records by day. */
import { useState } from "react";
import type { LookedUp, SeenBeside } from "../../api/types";
import { Link } from "../../app/link";
import { accountAddress } from "../../app/router";
import { Button } from "../../design/controls";
import { FIELD_NAMES } from "../../words/looks";
import { number, plural } from "../../words/numbers";
import { exact, span } from "../../words/times";
import { lookAddress } from "./subjects";

const FEW = 8;
const address = (one: SeenBeside) => (one.tenant === null ? lookAddress(one.subject) : accountAddress(one.tenant, one.value));

export function Values({ field, values, total, isCut }: { field: string; values: readonly SeenBeside[]; total: number; isCut: boolean }) {
  const [all, setAll] = useState(false);
  const [, one, many] = FIELD_NAMES[field] ?? [field, "value", "values"];
  return (
    <>
      <ul className="look-values small">
        {(all ? values : values.slice(0, FEW)).map((value) => (
          <li key={`${value.tenant ?? ""} ${value.value}`}>
            <Link className="log-text" href={address(value)}>
              {value.name && value.name !== value.value ? `${value.name} (${value.value})` : value.value}
            </Link>
            <span className="soft numbers look-when" title={`First ${exact(value.first)}, last ${exact(value.last)}`}>
              {plural(value.records, "record")}, {span(value.first, value.last)}
            </span>
          </li>
        ))}
      </ul>
      {values.length > FEW && (
        <Button look="quiet" isSmall onPress={() => setAll(!all)}>
          {all ? "Fewer" : plural(values.length - FEW, "more", "more")}
        </Button>
      )}
      {total > values.length && (all || values.length <= FEW) && (
        <p className="small soft">
          The {number(values.length)} with the most records of {isCut && "at least "}
          {plural(total, one, many)}.
        </p>
      )}
    </>
  );
}

export function Days({ days }: { days: LookedUp["by_day"] }) {
  const most = Math.max(1, ...days.map((one) => one.records));
  return (
    <ul className="look-days small" tabIndex={0} aria-label="Records by day">
      {days.map((one) => (
        <li key={one.day}>
          <Link className="numbers" href={lookAddress(`day:${one.day}`)}>
            {one.day}
          </Link>
          <span className="look-bar" aria-hidden="true">
            <i style={{ width: `${(100 * one.records) / most}%` }} />
          </span>
          <span className="numbers">{number(one.records)}</span>
        </li>
      ))}
    </ul>
  );
}
