/** Kinds of values that can be looked into, and what the fields of their records are called. */
import type { LookUpTerm } from "../api/types";

export const KIND_NAMES: Record<LookUpTerm["kind"], string> = {
  ip: "Address",
  cidr: "Addresses",
  network: "Network",
  country: "Country",
  app: "Application",
  client: "Client",
  agent: "User agent",
  session: "Session",
  token: "Token",
  device: "Device",
  key: "Key",
  operation: "Operation",
  account: "Account",
  mailbox: "Mailbox",
  rule: "Rule",
  message: "Message",
  day: "Day",
};

export const KIND_MEANS: Record<LookUpTerm["kind"], string> = {
  ip: "Who came from this address, when, and what they did from it.",
  cidr: "Who came from these addresses, when, and what they did from them.",
  network: "Who came from this network, when, and what they did from it.",
  country: "Who came from this country, when, and what they did from it.",
  app: "Who used this application, or changed it, when, and from where.",
  client: "Who used this client, when, and from where.",
  agent: "Who showed this user agent, when, and from where.",
  session: "What was done after one sign-in. More than one address or network may mean that the session was stolen.",
  token: "What was done with this token. More than one address may mean that it was stolen.",
  device: "Who used this device, when, and from where.",
  key: "What was done with this application’s key or certificate, when, and from where.",
  operation: "Who did this, when, and from where.",
  account: "What this account did, when, and from where.",
  mailbox: "Who read or changed this mailbox, when, and from where.",
  rule: "The records of the incidents that this Sigma rule hit.",
  message: "Who read, sent or moved this message, when, and from where.",
  day: "Everything that was recorded on this day, UTC.",
};

/** The fields beside a value: heading, and its noun for counting. */
export const FIELD_NAMES: Record<string, [heading: string, one: string, many: string]> = {
  accounts: ["Accounts", "account", "accounts"],
  mailboxes: ["Mailboxes", "mailbox", "mailboxes"],
  addresses: ["Addresses", "address", "addresses"],
  networks: ["Networks", "network", "networks"],
  countries: ["Countries", "country", "countries"],
  apps: ["Applications", "application", "applications"],
  clients: ["Clients", "client", "clients"],
  sessions: ["Sessions", "session", "sessions"],
  operations: ["Operations", "operation", "operations"],
};

/** Say what was looked up: "Address 203.0.113.7", "Country NL, not Client tool". */
export function termsWords(terms: readonly LookUpTerm[]): string {
  return terms.map((one) => `${one.is_not ? "not " : ""}${KIND_NAMES[one.kind]} ${one.value}`).join(", ");
}
