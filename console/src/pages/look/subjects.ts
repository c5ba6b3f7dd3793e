/** What can be looked into, and the pages of a record's values. */
import type { LogRecord } from "../../api/types";
import { accountAddress } from "../../app/router";

/** What a look-up asks of the API: values, organisation, span, and a search that the incidents must also fit. */
export interface Asked {
  subject: readonly string[];
  tenant?: string | null;
  from?: string | null;
  to?: string | null;
  q?: string;
}

export function lookAddress(...subjects: readonly string[]): string {
  const asked = new URLSearchParams();
  for (const one of subjects) asked.append("subject", one);
  return `/look?${asked.toString()}`;
}

/** Return the address of the page for what a search asks of records. */
export function askedAddress({ subject, tenant, from, to }: Asked): string {
  const rest = new URLSearchParams(Object.entries({ tenant, from, to }).filter((one): one is [string, string] => Boolean(one[1])));
  const text = rest.toString();
  return `${lookAddress(...subject)}${text ? `&${text}` : ""}`;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const LONGEST = 1000;

/** Return the page of a value; none for a value that no page can have. */
function to(kind: string, value: string | null): string | undefined {
  const plain = value?.trim();
  return plain && plain.length <= LONGEST ? lookAddress(`${kind}:${plain}`) : undefined;
}

const organisation = (record: LogRecord, account: string) => text(record.raw.org_uid) || account.split("@")[1] || "";

/** Return the pages of a record's values, by the names of its facts. */
export function linksOf(record: LogRecord): Record<string, string | undefined> {
  return {
    Time: to("day", record.time.slice(0, 10)),
    Operation: to("operation", record.activity),
    Account: record.account ? accountAddress(organisation(record, record.account), record.account) : undefined,
    Mailbox: to("mailbox", record.mailbox),
    Application: to("app", record.app),
    Client: to("client", record.client),
    "User agent": to("agent", record.user_agent),
    Address: to("ip", record.ip),
    Network: record.network && !/^AS\d/.test(record.network) ? to("cidr", record.network) : to("network", record.network),
    Country: to("country", record.country),
    Session: to("session", record.session),
    Token: to("token", record.token),
    Device: to("device", text(record.raw.device_uid)),
    Key: to("key", text(record.raw.key_uid)),
  };
}
