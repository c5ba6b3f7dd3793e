/** The fields of a search, and completions of a partly typed one. */

export interface Field {
  name: string;
  /** The sign after the name: a colon, or a comparison. */
  sign: ":" | ">";
  about: string;
  example: string;
  values?: readonly string[];
  /** Whether only records have it; an incident has it if it lists such a record. */
  isOfRecords?: boolean;
}

export const FIELDS: readonly Field[] = [
  { name: "account", sign: ":", about: "whose account", example: "account:amira" },
  { name: "mailbox", sign: ":", about: "a mailbox that was read", example: "mailbox:finance" },
  { name: "tenant", sign: ":", about: "the organisation", example: "tenant:example.org" },
  { name: "network", sign: ":", about: "a network, by name or number", example: 'network:"Example Hosting"' },
  { name: "country", sign: ":", about: "a country, by its two letters", example: "country:NL" },
  { name: "app", sign: ":", about: "an application, by name or id", example: "app:Outlook" },
  { name: "client", sign: ":", about: "a client or browser", example: "client:python" },
  { name: "ip", sign: ":", about: "an address that records show", example: "ip:203.0.113.7", isOfRecords: true },
  { name: "cidr", sign: ":", about: "a block of addresses", example: "cidr:203.0.113.0/24", isOfRecords: true },
  { name: "session", sign: ":", about: "a session, by its id", example: "session:0f3a8f2e-0000-4000-8000-000000000001", isOfRecords: true },
  { name: "token", sign: ":", about: "a token, by its id", example: "token:Zk3vUw0example", isOfRecords: true },
  { name: "device", sign: ":", about: "a device, by its id", example: "device:7d0c6a9e-0000-4000-8000-000000000002", isOfRecords: true },
  { name: "key", sign: ":", about: "an application’s key, by its id", example: "key:5b1d2c3e-0000-4000-8000-000000000003", isOfRecords: true },
  { name: "agent", sign: ":", about: "a user agent, in full", example: 'agent:"python-requests/2.32"', isOfRecords: true },
  { name: "operation", sign: ":", about: "what a record says was done", example: "operation:New-InboxRule", isOfRecords: true },
  { name: "rule", sign: ":", about: "a Sigma rule, by a part of its title or its id", example: 'rule:"inbox rule"', isOfRecords: true },
  { name: "message", sign: ":", about: "a message, by its internet message id", example: "message:<id@example.org>", isOfRecords: true },
  { name: "day", sign: ":", about: "a day, UTC", example: "day:2026-03-02", isOfRecords: true },
  { name: "kind", sign: ":", about: "what happened", example: "kind:mass-read" },
  { name: "severity", sign: ":", about: "how bad", example: "severity:critical", values: ["critical", "high", "medium", "low"] },
  { name: "answer", sign: ":", about: "what people answered", example: "answer:safe", values: ["compromised", "safe", "expected-change", "none"] },
  { name: "is", sign: ":", about: "where it stands", example: "is:open", values: ["open", "raised", "announced", "answered", "history", "merged"] },
  { name: "owner", sign: ":", about: "who handles it", example: "owner:ann" },
  { name: "status", sign: ":", about: "how far the work is", example: "status:in-progress", values: ["new", "in-progress", "waiting", "closed"] },
  { name: "tag", sign: ":", about: "a tag that somebody gave it", example: "tag:phishing" },
  { name: "after", sign: ":", about: "from this day or time on (UTC)", example: "after:2026-03-01" },
  { name: "before", sign: ":", about: "before this day or time (UTC)", example: "before:2026-04-01" },
  { name: "score", sign: ">", about: "evidence above or below a number", example: "score>2.5" },
];

export interface Suggestion {
  /** The text that replaces the word at the cursor. */
  text: string;
  about: string;
  /** Whether it is a whole term, so that the next word begins. */
  isWhole: boolean;
}

/** Return where the word at the cursor begins, and its text up to the cursor. */
export function wordAt(text: string, cursor: number): { start: number; word: string } {
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < cursor; at += 1) {
    const character = text[at];
    if (character === '"' && text[at - 1] !== "\\") isQuoted = !isQuoted;
    else if (!isQuoted && character !== undefined && /\s/.test(character)) start = at + 1;
  }
  return { start, word: text.slice(start, cursor) };
}

/** Return completions of the word: fields first, then the values of a field with few. */
export function suggestions(word: string, known: Record<string, readonly string[]>): Suggestion[] {
  const negation = word.startsWith("-") ? "-" : "";
  const bare = word.slice(negation.length).toLowerCase();
  const colon = bare.indexOf(":");
  if (colon < 0) {
    return FIELDS.filter((field) => field.name.startsWith(bare)).map((field) => ({
      text: `${negation}${field.name}${field.sign}`, about: field.about, isWhole: false,
    }));
  }
  const field = FIELDS.find((one) => one.name === bare.slice(0, colon));
  if (field === undefined) return [];
  const begun = bare.slice(colon + 1).replace(/^"/, "");
  return (field.values ?? known[field.name] ?? [])
    .filter((value) => value.toLowerCase().includes(begun) && value.toLowerCase() !== begun)
    .slice(0, 8)
    .map((value) => ({ text: `${negation}${field.name}:${quoted(value)}`, about: field.about, isWhole: true }));
}

/** Quote a value for a search if needed. */
export function quoted(value: string): string {
  return /^[^\s"\\:<>-][^\s"\\:<>]*$/.test(value) ? value : `"${value.replace(/(["\\])/g, "\\$1")}"`;
}

/** Return the part of a search that finds accounts: its plain words and its account terms. */
export function accountWords(text: string): string {
  const words: string[] = [];
  for (const found of text.matchAll(/(-?)(?:([A-Za-z_]+)[:<>]=?)?(?:"((?:[^"\\]|\\.)*)"|(\S+))/g)) {
    const [, negation, field, inQuotes, bare] = found;
    if (negation !== "" || (field !== undefined && field.toLowerCase() !== "account")) continue;
    words.push((inQuotes ?? bare ?? "").replace(/\\(.)/g, "$1"));
  }
  return words.join(" ").trim();
}
