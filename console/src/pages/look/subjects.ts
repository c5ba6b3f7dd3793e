/** What can be looked into: `ip:203.0.113.7`. */
import type { LogRecord } from "../../api/types";
import { accountAddress } from "../../app/router";

const KINDS = /^(ip|cidr|session|token|device|key|agent|operation|rule|message|day):\s*("[^"]*"|\S+)$/i;

export const lookAddress = (subject: string) => `/look?${new URLSearchParams({ subject }).toString()}`;

/** Return the address of the page for a search that is one value to look into, else null. */
export function lookedFor(search: string): string | null {
  const found = KINDS.exec(search.trim());
  return found === null ? null : lookAddress(`${found[1]!.toLowerCase()}:${found[2]!.replace(/^"|"$/g, "")}`);
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** Return the pages of a record's values, by the names of its facts. */
export function linksOf(record: LogRecord): Record<string, string | undefined> {
  const to = (kind: string, value: string | null) => (value ? lookAddress(`${kind}:${value}`) : undefined);
  const person = (account: string | null) =>
    account ? accountAddress(text(record.raw.org_uid) || account.split("@")[1] || "", account) : undefined;
  return {
    Time: to("day", record.time.slice(0, 10)),
    Operation: to("operation", record.activity),
    Account: person(record.account),
    Mailbox: person(record.mailbox),
    Application: to("app", record.app),
    Client: to("client", record.client),
    "User agent": to("agent", record.user_agent),
    Address: to("ip", record.ip),
    Network: to("network", record.network),
    Session: to("session", record.session),
    Token: to("token", record.token),
  };
}
