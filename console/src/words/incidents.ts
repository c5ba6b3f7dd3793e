/** Describe an incident in few words. */
import type { Chip, IncidentRow } from "../api/types";
import { aspectName } from "./names";

/** Return `Prompt bombing` for `prompt-bombing`. */
export const kindName = (kind: string) => aspectName(kind);

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** Return the summary for use below a heading that names the account. */
export function story(row: Pick<IncidentRow, "account" | "summary">): string {
  const start = [`Application ${row.account} `, `${row.account} `, `${row.account.split("@")[0]} `].find((one) => row.summary.startsWith(one));
  return capital(start === undefined ? row.summary : row.summary.slice(start.length));
}

/** Return whether the title tells what the intruder did: then its acts say more than the evidence in short. */
export const isTold = (row: Pick<IncidentRow, "account" | "title">) => row.title.startsWith(`${row.account.split("@")[0]} `);

/** Return the summary without the account and without the figures in the chips. */
export function verdict(row: Pick<IncidentRow, "account" | "summary">): string {
  const text = story(row);
  const colon = text.indexOf(": ");
  return colon > 0 ? text.slice(0, colon) : text.replace(/\.$/, "");
}

/** Return `Office 365 Exchange Online` for `Office 365 Exchange Online (00000002-0000-0ff1-ce00-000000000000)`. */
export const withoutIds = (text: string) => text.replace(/ \([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\)/gi, "");

/** Return `Network` and `0 of 1,240 peers`; a chip without counts has only its name. */
export function chipWords(chip: Chip): { name: string; counts: string } {
  const name = aspectName(chip.aspect);
  return { name, counts: /\d/.test(chip.short) ? chip.short : "" };
}

const NO_NAME = "Account without a name";

/**
 * Return the account's display name. Applications are marked, because their account is often a bare id. The log may
 * have no name.
 */
export function whose({ account, summary }: Pick<IncidentRow, "account" | "summary">): string {
  if (!/[\p{L}\p{N}\p{P}\p{S}]/u.test(account)) return NO_NAME;
  return summary.startsWith(`Application ${account} `) ? `Application ${account}` : account;
}

/** Split an account's address, so that its distinguishing part can be emphasised. */
export function nameParts(account: string): { local: string; rest: string } {
  const at = account.lastIndexOf("@");
  return at > 0 ? { local: account.slice(0, at), rest: account.slice(at) } : { local: account, rest: "" };
}
