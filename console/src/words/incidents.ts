/** An incident in few words. */
import type { Chip, IncidentRow } from "../api/types";
import { aspectName } from "./names";

/** `Prompt bombing` of `prompt-bombing`. */
export const kindName = (kind: string) => aspectName(kind);

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** The summary below a heading that names the account already. */
export function story(row: Pick<IncidentRow, "account" | "summary">): string {
  const start = [`Application ${row.account} `, `${row.account} `].find((one) => row.summary.startsWith(one));
  return capital(start === undefined ? row.summary : row.summary.slice(start.length));
}

/** What happened, without the account and without the figures that the chips show. */
export function verdict(row: Pick<IncidentRow, "account" | "summary">): string {
  const text = story(row);
  const colon = text.indexOf(": ");
  return colon > 0 ? text.slice(0, colon) : text.replace(/\.$/, "");
}

/** `Office 365 Exchange Online` of `Office 365 Exchange Online (00000002-0000-0ff1-ce00-000000000000)`: names say enough. */
export const withoutIds = (text: string) => text.replace(/ \([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\)/gi, "");

/** `Network` and `0 of 1,240 peers`; a chip without counts has its name alone. */
export function chipWords(chip: Chip): { name: string; counts: string } {
  const name = aspectName(chip.aspect);
  return { name, counts: /\d/.test(chip.short) ? chip.short : "" };
}

const NO_NAME = "Account without a name";

/** Whose incident it is. An application says that it is one: its account is often a bare id. The log may have left the name empty. */
export function whose({ account, summary }: Pick<IncidentRow, "account" | "summary">): string {
  if (!/[\p{L}\p{N}\p{P}\p{S}]/u.test(account)) return NO_NAME;
  return summary.startsWith(`Application ${account} `) ? `Application ${account}` : account;
}

/** An address in two parts, so that the part that tells people apart stands out. */
export function nameParts(account: string): { local: string; rest: string } {
  const at = account.lastIndexOf("@");
  return at > 0 ? { local: account.slice(0, at), rest: account.slice(at) } : { local: account, rest: "" };
}
