// Written by `python -m tools.api_types` from the API's OpenAPI document. Do not edit.

/* The server's types. Times are RFC 3339 in UTC; ids are opaque texts; scores and weights are nats (log-odds). */

/**
 * What is on the disk now: `records` that were read, `problems` among them that are no events. `id` is the same
 * when a request is repeated with its Idempotency-Key.
 */
export interface Accepted {
  records: number;
  problems: number;
  accepted_bytes: number;
  id: string;
}

/** An account in a list. `worst` is the score of its worst incident. */
export interface AccountRow {
  tenant: string;
  account: string;
  type: string | null;
  events: number;
  first: string;
  last: string;
  incidents: number;
  worst: number | null;
}

/** An account's events over time, cut into slots. Slot 0 begins at `from`. */
export interface AccountTimeline {
  from: string;
  to: string;
  slot_seconds: number;
  lanes: Lane[];
  marks: Mark[];
}

/** What is known of an account. */
export interface AccountValue {
  tenant: string;
  account: string;
  type: string | null;
  first: string;
  last: string;
  events: number;
  active_days: number;
  networks: NetworkUse[];
  clients: ValueUse[];
  apps: ValueUse[];
  countries: ValueUse[];
  incidents: IncidentRow[];
}

/** An answer to an incident. `standing`: neither withdrawn nor expired. */
export interface AnswerValue {
  id: string;
  incident: string;
  tenant: string;
  account: string;
  answer: "compromised" | "expected-change" | "safe";
  scope: FeedbackScope;
  note: string;
  given_by: string;
  given_at: string;
  expires_at: string | null;
  withdrawn_at: string | null;
  withdrawn_by: string | null;
  standing: boolean;
}

/** One entry. */
export interface AuditEntry {
  sequence: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  details: { [name: string]: unknown };
  digest: string;
}

/** The end of the trail: noted elsewhere, it shows later that nothing was taken away. */
export interface AuditHead {
  sequence: number;
  digest: string;
}

/** Entries, newest first. */
export interface AuditPage {
  items: AuditEntry[];
  next_cursor: string | null;
  total: number | null;
}

/** Whether the trail is whole; `fault` says the first thing that is not. */
export interface AuditVerdict {
  whole: boolean;
  entries: number;
  fault: string | null;
  head: AuditHead;
}

/**
 * The budget of all organisations together; `allowed` and `spent` over `span_days`. `span_days` counts the days of
 * log that the watch spends the budget on: at most 30, 0 before the first. `chosen` is what was set in the console,
 * `configured` the watch's `--budget`; both are a day for each organisation.
 */
export interface BudgetValue {
  per_day: number;
  chosen: number | null;
  configured: number | null;
  today: number;
  span_days: number;
  allowed: number;
  spent: number;
  tenants: TenantBudget[];
}

/** Expected and observed shares of groups at or below a p-value, pairwise. */
export interface Calibration {
  expected: number[];
  observed: number[];
  days: number;
  groups: number;
}

/** A reason in a few words. `short` has the counts: `0 of 1,240 peers`. */
export interface Chip {
  layer: "assurance" | "behaviour" | "lineage" | "rules";
  aspect: string;
  text: string;
  short: string;
  weight: number;
}

/** A one-time code. */
export interface Code {
  code: string;
}

/**
 * Who asks. `csrf_token` goes with every request that changes something, as `X-Seawall-CSRF`. `sign_in_required`:
 * nothing but this can be asked before signing in. `setup_needed`: no admin can sign in yet, and the code that
 * `seawall serve` printed makes the first. `second_factor_needed`: nothing but their own settings can be asked
 * until this user has registered a passkey or one-time codes.
 */
export interface ConsoleSession {
  user: SessionUser | null;
  loopback: boolean;
  sign_in_required: boolean;
  methods: ("oidc" | "passkey" | "password")[];
  csrf_token: string;
  setup_needed: boolean;
  second_factor_needed: boolean;
  version: string;
  demo: boolean;
  ingest_enabled: boolean;
}

/** What was scored on a day. */
export interface DetectorDay {
  day: string;
  events: number;
  accounts: number;
  raised: number;
}

/** How well detection does, by its own calibration and by the answers. */
export interface DetectorValue {
  calibration: Calibration;
  ledger: LedgerWeek[];
  days: DetectorDay[];
  weights: WeightValue[];
  version: string;
}

/** The answer of every request that is refused. */
export interface ErrorDocument {
  error: Fault;
}

/** What is wrong. `code` is stable, `field` names the part of the request that is meant. */
export interface Fault {
  code: string;
  message: string;
  fix: string | null;
  field: string | null;
}

/** For whom an answer counts, and for which facts; without `values` for all unusual ones of the incident. */
export interface FeedbackScope {
  reach: "account" | "peers" | "tenant";
  values: ScopeValue[];
}

/** What the logs could not show, for an organisation, a source and a span of time. */
export interface Gap {
  tenant: string;
  source: string;
  from: string;
  to: string;
  text: string;
}

/** An incident that is new or changed. `new`: people were told of it just now. */
export interface IncidentNews {
  revision: number;
  id: string;
  tenant: string;
  account: string;
  severity: "critical" | "high" | "low" | "medium";
  title: string;
  new: boolean;
}

/**
 * An incident in a list. `chips` are its worst reasons, at most four. `history`: it was older than the live window
 * when it was found, and nobody was told of it alone.
 */
export interface IncidentRow {
  id: string;
  tenant: string;
  account: string;
  kind: string;
  severity: "critical" | "high" | "low" | "medium";
  score: number;
  raised: boolean;
  history: boolean;
  announced_at: string | null;
  detected_at: string | null;
  first_event: string;
  last_event: string;
  title: string;
  summary: string;
  answer: "compromised" | "expected-change" | "safe" | null;
  family: string;
  related: number;
  mailboxes: number;
  messages: Messages;
  chips: Chip[];
}

/**
 * An incident with everything that explains it. `text` is the reason in words, to be pasted into a ticket.
 * `sessions` says how the sessions began in which mail was read, empty where none was.
 */
export interface IncidentValue {
  id: string;
  tenant: string;
  account: string;
  kind: string;
  severity: "critical" | "high" | "low" | "medium";
  score: number;
  raised: boolean;
  history: boolean;
  announced_at: string | null;
  detected_at: string | null;
  first_event: string;
  last_event: string;
  title: string;
  summary: string;
  answer: "compromised" | "expected-change" | "safe" | null;
  family: string;
  related: number;
  mailboxes: number;
  messages: Messages;
  chips: Chip[];
  reasons: ReasonValue[];
  base: number;
  usual: UsualValue[];
  timeline: TimelineValue[];
  curve: [string, number][];
  threshold: number | null;
  technique: string;
  p: number | null;
  unsupervised: number | null;
  rules: string[];
  sigma: SigmaHit[];
  sessions: string;
  coverage: string[];
  actions: string[];
  events: number;
  events_not_listed: number;
  mailbox_names: string[];
  related_accounts: string[];
  answers: AnswerValue[];
  text: string;
  aliases: string[];
}

/**
 * Whether everything arrives. A silent source is an alarm, and so is an organisation whose records are mostly
 * `unjudged`.
 */
export interface IngestHealth {
  sources: SourceValue[];
  gaps: Gap[];
  problems: ProblemCount[];
  notes: string[];
  unjudged: string[];
  outbox: OutboxValue;
}

/** Every token, by name. */
export interface IngestTokenList {
  items: IngestTokenRow[];
}

/** A token that is shown this once. */
export interface IngestTokenOnce {
  name: string;
  token: string;
}

/** One token, without the token. */
export interface IngestTokenRow {
  name: string;
  created_by: string;
  created_at: string;
  revoked_at: string | null;
  last_used_at: string | null;
}

/** How far reading and scoring have come. `rate` is records a second; None where it cannot be told. */
export interface IngestValue {
  state: "behind" | "idle" | "none" | "reading" | "scoring" | "stopped";
  records: number;
  events: number;
  duplicates: number;
  problems: number;
  rate: number;
  backlog_bytes: number | null;
  seconds_left: number | null;
  last_event: string | null;
  last_batch: string | null;
  dirty_days: number;
}

/** A code that is shown this once. */
export interface InviteCode {
  code: string;
  expires_at: string;
}

/** Events of an account from one network: (slot, count, of these the intruder's). */
export interface Lane {
  network: string | null;
  country: string | null;
  class: string | null;
  points: [number, number, number][];
}

/** What became of a week's announced incidents. `week` is its Monday. */
export interface LedgerWeek {
  week: string;
  announced: number;
  compromised: number;
  safe: number;
  expected: number;
  unanswered: number;
}

/** An incident whose score an answer would change. */
export interface Lowered {
  incident: IncidentRow;
  from: number;
  to: number;
}

/** A moment to be marked on a timeline. */
export interface Mark {
  time: string;
  incident: string;
  text: string;
}

/** Everything about whoever asks. */
export interface Me {
  user: SessionUser;
  passkeys: MyPasskey[];
  has_password: boolean;
  has_totp: boolean;
  sessions: MySession[];
}

/** How many messages were proved to be read, and how many may have been. */
export interface Messages {
  proved: number;
  possible: number;
}

/** One passkey. */
export interface MyPasskey {
  id: string;
  label: string;
  created_at: string;
  used_at: string | null;
}

/** One place where this user is signed in. */
export interface MySession {
  handle: string;
  created_at: string;
  seen_at: string;
  expires_at: string;
  address: string;
  user_agent: string;
  current: boolean;
}

/** A network that an account was used from. */
export interface NetworkUse {
  value: string;
  country: string | null;
  class: string | null;
  days: number;
  events: number;
  first: string;
  last: string;
}

/** An answer to be given. */
export interface NewAnswer {
  answer: "compromised" | "expected-change" | "safe";
  scope?: FeedbackScope;
  expires_at?: string | null;
  note?: string;
}

/** Incidents a day for each organisation; null for the default by its size. */
export interface NewBudget {
  per_day: number | null;
}

/** What an authenticator app reads: as an address (a QR code shows it), and to be typed. */
export interface NewCodes {
  uri: string;
  secret: string;
}

/** What to call it: the collector that it is for. */
export interface NewIngestToken {
  name: string;
}

/** What `navigator.credentials.create` gave, and what to call it. */
export interface NewPasskey {
  credential: { [name: string]: unknown };
  label?: string;
}

/** The password to be, and the one that is, where there is one. */
export interface NewPassword {
  password: string;
  current?: string | null;
}

/** Somebody who shall be able to sign in. They need an invite to begin, or come by the identity provider. */
export interface NewUser {
  name: string;
  role: "admin" | "analyst" | "viewer";
}

/** The query of a view, as it stands in the console's address. */
export interface NewView {
  query: string;
}

/** An empty object. */
export interface Nothing {
}

/** Notifications that wait, and that were given up. */
export interface OutboxValue {
  waiting: number;
  failed: number;
  last_error: string | null;
}

/** Some of a list, and where the next ones begin. `total` is None where counting would take long. */
export interface Page_AccountRow_ {
  items: AccountRow[];
  next_cursor: string | null;
  total: number | null;
}

/** Some of a list, and where the next ones begin. `total` is None where counting would take long. */
export interface Page_IncidentRow_ {
  items: IncidentRow[];
  next_cursor: string | null;
  total: number | null;
}

/** Some of a list, and where the next ones begin. `total` is None where counting would take long. */
export interface Page_ProblemValue_ {
  items: ProblemValue[];
  next_cursor: string | null;
  total: number | null;
}

/** Some of a list, and where the next ones begin. `total` is None where counting would take long. */
export interface Page_Record_ {
  items: Record[];
  next_cursor: string | null;
  total: number | null;
}

/** Some of a list, and where the next ones begin. `total` is None where counting would take long. */
export interface Page_StandingAnswer_ {
  items: StandingAnswer[];
  next_cursor: string | null;
  total: number | null;
}

/** What `navigator.credentials.get` gave, as JSON (`credential.toJSON()`). */
export interface PasskeySignIn {
  credential: { [name: string]: unknown };
}

/** Name, password, and the one-time code where one is asked for. */
export interface PasswordSignIn {
  name: string;
  password: string;
  code?: string | null;
}

/**
 * An account or a mailbox that a plan is about: how sure it is, why, and the orders of its steps. `is_incidents` is
 * the account of the incident. `irreversible` says what of its steps cannot be undone. `more` counts further steps,
 * which the file has.
 */
export interface PlanAccount {
  tenant: string;
  account: string;
  confidence: "certain" | "likely" | "precaution";
  is_incidents: boolean;
  reasons: string[];
  steps: number[];
  more: number;
  irreversible: string[];
}

/**
 * One step of containment. Texts are made visible, to be read and copied. `after` are the orders of steps that must
 * come before. `reads`, `calls` and `undo` are calls of the vendor's API; a step without `calls` is done as
 * `by_hand` or `powershell` says. `irreversible` says what cannot be undone. `records` are the log's own ids of at
 * most 20 of the `record_count` records that say so.
 */
export interface PlanStep {
  order: number;
  id: string;
  tenant: string;
  account: string;
  title: string;
  reason: string;
  confidence: "certain" | "likely" | "precaution";
  after: number[];
  by_hand: string;
  reads: string[];
  calls: string[];
  undo: string[];
  powershell: string[];
  undo_powershell: string[];
  irreversible: string;
  records: string[];
  record_count: number;
}

/**
 * A plan: what to know before, and the steps in their order. `missing` says why there is none, None where there is.
 * `more` is how many further steps the file has. `covers` is whose steps are in it: of the incident's account
 * alone, because nobody searched for others, also of the accounts proved touched, or also of those that cannot be
 * ruled out. `left_out` counts those that cannot be ruled out and are not in it, `may_have_possible` whether they
 * can be asked for here.
 */
export interface PlanValue {
  id: string;
  covers: "incident" | "possible" | "touched";
  accounts: PlanAccount[];
  more_accounts: number;
  left_out: number;
  may_have_possible: boolean;
  steps: PlanStep[];
  more: number;
  before: string[];
  warnings: string[];
  missing: string | null;
}

/** What an answer would have done in the last days. `never_hidden` are reasons that no answer mutes. */
export interface Preview {
  hidden: IncidentRow[];
  lowered: Lowered[];
  raised: IncidentRow[];
  days: number;
  never_hidden: string[];
  note: string;
}

/** How many records were not read for one reason, with an example. */
export interface ProblemCount {
  code: string;
  count: number;
  example: string;
}

/** A record that was not read, with an excerpt in which secrets are masked. */
export interface ProblemValue {
  at: string;
  source_file: string;
  line: number;
  code: string;
  reason: string;
  field: string;
  excerpt: string;
}

/** One reason. The weights of all and `base` sum to the score; `silent` says only that there was nothing. */
export interface ReasonValue {
  layer: "assurance" | "behaviour" | "lineage" | "rules";
  aspect: string;
  text: string;
  value: string;
  weight: number;
  silent: boolean;
  counts: { [name: string]: number };
}

/** One log record. `raw` holds its fields as they were logged; `is_intruder`: an incident lists it. */
export interface Record {
  id: string;
  time: string;
  source: string | null;
  source_file: string | null;
  source_line: number | null;
  kind: string | null;
  activity: string | null;
  status: string | null;
  status_code: string | null;
  account: string | null;
  mailbox: string | null;
  app: string | null;
  app_name: string | null;
  client: string | null;
  user_agent: string | null;
  ip: string | null;
  network: string | null;
  country: string | null;
  session: string | null;
  token: string | null;
  item_count: number | null;
  access_type: string | null;
  folder: string | null;
  is_intruder: boolean;
  raw: { [name: string]: unknown };
}

/**
 * What ties an incident to others. `family` names the accounts that detection has tied together. Accounts without
 * an incident are looked for in the events from `looked_from` to before `looked_to` alone, and at most 50 of each
 * value; `is_cut` says that the incident lasted longer than that.
 */
export interface RelatedValue {
  shared: Shared[];
  family: string;
  incidents: IncidentRow[];
  looked_from: string;
  looked_to: string;
  is_cut: boolean;
}

/**
 * Where the search for an incident's scope stands. `why` says what went wrong, `scope` is there when it is done.
 */
export interface ScopeSearch {
  state: "done" | "failed" | "none" | "running";
  by: string;
  begun_at: string | null;
  why: string;
  scope: ScopedValue | null;
}

/** One fact that an answer is about, such as network and its value. */
export interface ScopeValue {
  aspect: string;
  value: string;
}

/** What keeps mailboxes possible, what to do about it, how many it keeps so, and how many nothing else does. */
export interface ScopedReason {
  what: string;
  to_do: string;
  kept: number;
  alone: number;
}

/** One step of the search: what was met, where it came from, whether it was followed, and why. */
export interface ScopedStep {
  round: number;
  kind: string;
  value: string;
  source: string;
  is_followed: boolean;
  reason: string;
}

/** An account or a mailbox that was touched, or may have been. `read` says in words what of it was read. */
export interface ScopedSubject {
  kind: "account" | "mailbox" | "organisation";
  tenant: string;
  name: string;
  verdict: "not_touched" | "possible" | "touched";
  reasons: string[];
  records: number;
  first: string | null;
  last: string | null;
  messages: number;
  read: string;
}

/** The answer to a search. `more_*` count what only the files have. */
export interface ScopedValue {
  start: string;
  end: string;
  warnings: string[];
  is_bounded: boolean;
  counts: VerdictCounts[];
  touched: ScopedSubject[];
  more_touched: number;
  possible: ScopedSubject[];
  more_possible: number;
  steps: ScopedStep[];
  more_steps: number;
  messages: number;
  open_by: ScopedReason[];
}

/** Whoever is signed in; the local admin has the id 0. */
export interface SessionUser {
  id: number;
  name: string;
  role: "admin" | "analyst" | "viewer";
}

/** The code, the name of the first admin, and either a password or a new passkey. */
export interface SetupAnswer {
  code: string;
  name?: string;
  password?: string | null;
  credential?: { [name: string]: unknown } | null;
  label?: string;
}

/** The code, and for the first admin the name to be. */
export interface SetupQuestion {
  code: string;
  name?: string;
}

/** How many open incidents there are of each severity. */
export interface Severities {
  critical: number;
  high: number;
  medium: number;
  low: number;
}

/** A rare value of the incident, and who else shows it. */
export interface Shared {
  key: "app" | "client" | "network" | "prefix";
  value: string;
  accounts: SharedAccount[];
}

/** Another account that shows the same rare value, from its first to its last event with it. */
export interface SharedAccount {
  tenant: string;
  account: string;
  incident: string | null;
  score: number | null;
  first: string;
  last: string;
  events: number;
}

/** A Sigma rule that hit records of the incident. `technique` is empty where the rule names none. */
export interface SigmaHit {
  title: string;
  level: string;
  technique: string;
  events: number;
}

/**
 * A source. `lag_seconds` is how far its last event lies back; `silent_since` the alarm. Records of no recognised
 * log are not judged.
 */
export interface SourceValue {
  name: string;
  kind: string;
  is_judged: boolean;
  tenant: string;
  records: number;
  problems: number;
  first_at: string | null;
  last_at: string | null;
  last_event: string | null;
  lag_seconds: number | null;
  typical_gap_seconds: number | null;
  state: "late" | "ok" | "silent";
  silent_since: string | null;
}

/** An answer, and how many incidents it hides. */
export interface StandingAnswer {
  id: string;
  incident: string;
  tenant: string;
  account: string;
  answer: "compromised" | "expected-change" | "safe";
  scope: FeedbackScope;
  note: string;
  given_by: string;
  given_at: string;
  expires_at: string | null;
  withdrawn_at: string | null;
  withdrawn_by: string | null;
  standing: boolean;
  hides: number;
}

/**
 * The state of everything in one glance. `empty`: no event was ever taken in. `unjudged` are stored events that are
 * not judged: no list of incidents is complete where there are any. The text says why.
 */
export interface Summary {
  now: string;
  budget: BudgetValue;
  open: number;
  announced: number;
  answered: number;
  by_severity: Severities;
  ingest: IngestValue;
  silent_sources: number;
  revision: number;
  tenants: string[];
  accounts: number;
  empty: boolean;
  unjudged: Unjudged[];
}

/**
 * An organisation's budget a day, and the incidents that were announced today. `allowed` and `spent` are incidents
 * over the `span_days` of the whole budget.
 */
export interface TenantBudget {
  tenant: string;
  per_day: number;
  today: number;
  allowed: number;
  spent: number;
}

/** Events of the account in one slot of time. */
export interface TimelineValue {
  time: string;
  lane: string;
  count: number;
  is_intruder: boolean;
  label: string;
}

/**
 * Stored events that no incident speaks of yet, or ever will: of which organisation ("" for any), from when on, and
 * why.
 */
export interface Unjudged {
  tenant: string;
  from: string | null;
  text: string;
}

/** What to change; what is left out stays. */
export interface UserChange {
  role?: "admin" | "analyst" | "viewer" | null;
  disabled?: boolean | null;
}

/** Every user, by name. */
export interface UserList {
  items: UserRow[];
}

/** One user, as an admin sees them. `invited_until` while an invite waits to be taken up. */
export interface UserRow {
  id: number;
  name: string;
  role: "admin" | "analyst" | "viewer";
  created_at: string;
  disabled: boolean;
  passkeys: number;
  has_password: boolean;
  has_totp: boolean;
  has_identity: boolean;
  sessions: number;
  seen_at: string | null;
  invited_until: string | null;
}

/** Usual versus now, of one field. `usual` holds pairs of a value and its share of the active days. */
export interface UsualValue {
  aspect: string;
  words: string;
  now: string;
  usual: [string, number][];
  seen_days: number;
  active_days: number;
  peers_with: number;
  peers: number;
  is_unusual: boolean;
  normal_if: string;
}

/** A value that an account showed: an application (`name` is what the log calls it), a client, a country. */
export interface ValueUse {
  value: string;
  name: string | null;
  days: number;
  events: number;
  first: string;
  last: string;
}

/** How many of one kind have each verdict. */
export interface VerdictCounts {
  kind: "account" | "mailbox" | "organisation";
  touched: number;
  possible: number;
  not_touched: number;
}

/** A saved search. */
export interface ViewValue {
  name: string;
  query: string;
}

/** The saved searches of whoever asks. */
export interface Views {
  items: ViewValue[];
}

/** What answers have made of an aspect's weight in an organisation. */
export interface WeightValue {
  tenant: string;
  aspect: string;
  factor: number;
  answers: number;
}

/** What another budget would raise: incidents more and fewer than now. `per_day` null is the default by size. */
export interface WhatIf {
  per_day: number | null;
  allowed: number;
  raised: number;
  more: IncidentRow[];
  fewer: IncidentRow[];
}
