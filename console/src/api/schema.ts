// Written by `python -m tools.api_types` from the API's OpenAPI document. Do not edit.

/* The server's types. Times are RFC 3339 in UTC; ids are opaque texts; scores and weights are nats (log-odds). */

/**
 * Records now on disk: `records` that were read, including `problems` that are no events. `id` is the same if a
 * request is repeated with its Idempotency-Key.
 */
export interface Accepted {
  records: number;
  problems: number;
  accepted_bytes: number;
  id: string;
}

/**
 * An account in a list. `worst` is the score of its worst incident; `name` is an application's, "" if none is
 * known.
 */
export interface AccountRow {
  tenant: string;
  account: string;
  name: string;
  type: string | null;
  events: number;
  first: string;
  last: string;
  incidents: number;
  worst: number | null;
}

/** An account's events over time, divided into slots. Slot 0 begins at `from`. */
export interface AccountTimeline {
  from: string;
  to: string;
  slot_seconds: number;
  lanes: Lane[];
  marks: Mark[];
}

/** An account with its behaviour profile and incidents; `name` is an application's, "" if none is known. */
export interface AccountValue {
  tenant: string;
  account: string;
  name: string;
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

/**
 * One act of an attack: when in short, which account, and what it did. `key` says whether a short telling keeps it.
 */
export interface AttackAct {
  time: string;
  when: string;
  account: string;
  sentence: string;
  key: boolean;
}

/** What ties an incident to another one of its attack. `text` says it in words, without the other's account. */
export interface AttackLinkValue {
  incident: string;
  kind: "account" | "address" | "application" | "network";
  name: string;
  text: string;
}

/** An incident of an attack, and what ties it to others of it. */
export interface AttackMember {
  incident: IncidentRow;
  links: AttackLinkValue[];
}

/**
 * The attack that an incident belongs to: its incidents, the gravest first, and its weightiest acts in order of
 * time. `id` is "" and `members` holds the incident alone if nothing ties it to others.
 */
export interface AttackValue {
  id: string;
  title: string;
  severity: "critical" | "high" | "low" | "medium";
  first_event: string;
  last_event: string;
  members: AttackMember[];
  acts: AttackAct[];
  more_acts: number;
  left_behind: string[];
}

/** One entry of the audit trail. */
export interface AuditEntry {
  sequence: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  details: { [name: string]: unknown };
  digest: string;
}

/** The end of the audit trail. Noted elsewhere, it can show later that no entry was removed. */
export interface AuditHead {
  sequence: number;
  digest: string;
}

/** A page of audit entries, newest first. */
export interface AuditPage {
  items: AuditEntry[];
  next_cursor: string | null;
  total: number | null;
}

/** Whether the audit trail is intact; `fault` describes the first fault. */
export interface AuditVerdict {
  whole: boolean;
  entries: number;
  fault: string | null;
  head: AuditHead;
}

/**
 * The budget of all organisations; `allowed` and `spent` are over `span_days`. `span_days` counts the days of log
 * over which the watch spends the budget: at most 30, 0 before the first. `chosen` was set in the console,
 * `configured` is the watch's `--budget`; both are a day for each organisation.
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

/** Expected and observed shares of groups at or below each p-value, pairwise. */
export interface Calibration {
  expected: number[];
  observed: number[];
  days: number;
  groups: number;
}

/** An account of a campaign, with its incident if it has one. */
export interface CampaignMember {
  tenant: string;
  account: string;
  first_event: string;
  last_event: string;
  score: number;
  incident: string | null;
  severity: "critical" | "high" | "low" | "medium" | null;
  raised: boolean;
}

/**
 * A campaign: accounts of several organisations that met the same rare values within days. `tenants` are those that
 * the visitor sees, in the order in which they met a value; `other_organisations` counts the others. `days` is the
 * span of the sightings. `warn` are those of `tenants` without a raised incident in the campaign.
 */
export interface CampaignRow {
  id: string;
  values: SharedIndicator[];
  tenants: string[];
  other_organisations: number;
  accounts: number;
  first_event: string;
  last_event: string;
  days: number;
  score: number;
  warn: string[];
}

/**
 * A campaign with its accounts, in order of time, and where else the stored records show its values. `is_cut`: the
 * records were not looked through to their end.
 */
export interface CampaignValue {
  campaign: CampaignRow;
  members: CampaignMember[];
  showing: ShowingTenant[];
  is_cut: boolean;
}

/**
 * The campaigns of the last `days` of events, those of most organisations first. `organisations` are how many the
 * visitor sees. Below `least_organisations` in the store there can be no campaign.
 */
export interface Campaigns {
  items: CampaignRow[];
  days: number;
  organisations: number;
  least_organisations: number;
}

/** Another wording of a comment, and the version that it is based on. */
export interface ChangedComment {
  text: string;
  version: number;
}

/** Another remark on a starred record, and the version that it is based on. */
export interface ChangedStar {
  version: number;
  remark?: string;
}

/** Another form of a task, and the version that it is based on. */
export interface ChangedTask {
  title: string;
  assignee?: string | null;
  due_at?: string | null;
  version: number;
  done?: boolean;
}

/** All channels of the file. Without a file there are none, and `has_file` is false. */
export interface ChannelList {
  items: ChannelRow[];
  has_file: boolean;
}

/**
 * A channel and what it gets: incidents of a `severity` or a worse one, of `organisations` (none: of all), and
 * `kinds`.
 */
export interface ChannelRow {
  name: string;
  channel: string;
  severity: string;
  organisations: string[];
  kinds: string[];
}

/** What one receiver of the channel answered; `reason` says why the message was not accepted. */
export interface ChannelTestResult {
  target: string;
  accepted: boolean;
  reason: string;
}

/** What all receivers of the channel answered. */
export interface ChannelTestResults {
  items: ChannelTestResult[];
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

/** A column. `is_detail`: shown only where there is room. */
export interface ColumnValue {
  name: string;
  heading: string;
  kind: "count" | "number" | "text" | "time";
  is_detail: boolean;
}

/** A comment. `changed_at` is None if its wording is the first; `own`: the visitor may change it. */
export interface CommentValue {
  id: string;
  text: string;
  given_by: string;
  given_at: string;
  changed_at: string | null;
  version: number;
  own: boolean;
}

/**
 * The visitor's session. Every state-changing request sends `csrf_token` as `X-Seawall-CSRF`. `sign_in_required`:
 * only this endpoint works before signing in. `setup_needed`: no admin can sign in yet; the code that `seawall
 * serve` printed creates the first one. `second_factor_needed`: only the user's own settings work until they
 * register a passkey or one-time codes. `may_drop`: exports may be dropped onto the pages, to be read here.
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
  may_drop: boolean;
}

/** The records of a UTC day. */
export interface DayCount {
  day: string;
  records: number;
}

/** Counts of a scored day. */
export interface DetectorDay {
  day: string;
  events: number;
  accounts: number;
  raised: number;
}

/** Quality of detection, by its own calibration and by the answers. */
export interface DetectorValue {
  calibration: Calibration;
  ledger: LedgerWeek[];
  days: DetectorDay[];
  weights: WeightValue[];
  version: string;
}

/**
 * An export that was dropped, and how far it was read. `bytes_expected` was announced, `bytes_received` arrived,
 * `bytes_read` of them were read. `records` are events, duplicates, problems, and those that are not judged yet.
 * `incidents` are raised ones, `first_incident` the one that is shown first. `path` begins the addresses of its
 * pages and API. `fault` says why it failed. `seconds` have passed since the first byte.
 */
export interface DroppedExport {
  id: string;
  name: string;
  state: "failed" | "reading" | "ready" | "receiving";
  path: string;
  begun_at: string;
  seconds: number;
  bytes_expected: number;
  bytes_received: number;
  bytes_read: number;
  records: number;
  events: number;
  duplicates: number;
  problems: number;
  files: DroppedFile[];
  sources: DroppedSource[];
  refused: DroppedProblem[];
  incidents: number;
  first_incident: string | null;
  fault: string | null;
  fix: string | null;
}

/** All exports that are open, the latest first. `may_drop`: another one may be dropped at this machine at all. */
export interface DroppedExports {
  items: DroppedExport[];
  may_drop: boolean;
  most_bytes: number;
  most_exports: number;
}

/** One file that arrived. `refused` is the reason why none of it is read, None if it is. */
export interface DroppedFile {
  name: string;
  bytes: number;
  sha256: string;
  refused: string | null;
}

/** What could not be read: how many records or files, with the reason and place of one of them. */
export interface DroppedProblem {
  code: string;
  count: number;
  reason: string;
  file: string;
}

/** What was understood: records of one kind, of one organisation. */
export interface DroppedSource {
  kind: string;
  tenant: string;
  records: number;
}

/** The body of every refused request. */
export interface ErrorDocument {
  error: Fault;
}

/** One fault. `code` is stable; `field` names the part of the request at fault. */
export interface Fault {
  code: string;
  message: string;
  fix: string | null;
  field: string | null;
}

/** The accounts and facts that an answer applies to; without `values`, all unusual facts of the incident. */
export interface FeedbackScope {
  reach: "account" | "peers" | "tenant";
  values: ScopeValue[];
}

/** A coverage gap of an organisation and source in a span of time. */
export interface Gap {
  tenant: string;
  source: string;
  from: string;
  to: string;
  text: string;
}

/**
 * What analysts added to an incident. `version` is that of owner, status and due time. `part_of` is the incident
 * that this one is merged into. `people` and `known_tags` are suggestions.
 */
export interface HandlingValue {
  incident: string;
  version: number;
  owner: string | null;
  status: "closed" | "in-progress" | "new" | "waiting";
  due_at: string | null;
  overdue: boolean;
  changed_by: string | null;
  changed_at: string | null;
  tags: string[];
  tasks: TaskValue[];
  comments: CommentValue[];
  stars: StarValue[];
  members: MemberValue[];
  part_of: IncidentRow | null;
  people: string[];
  known_tags: string[];
}

/** Whom to hide again. */
export interface HiddenPerson {
  person: string;
}

/** A new or changed incident. `new`: it was announced just now. */
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
 * An incident in a list. `chips` are its worst reasons, at most four. `chance` is the measured chance that an
 * incident with this score is real, from 0 to 1. `history`: it was older than the live window when found, so it was
 * not announced by itself. `attack` names the attack that it belongs to, "" if it stands alone.
 */
export interface IncidentRow {
  id: string;
  tenant: string;
  account: string;
  kind: string;
  severity: "critical" | "high" | "low" | "medium";
  score: number;
  chance: number;
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
  attack: string;
  related: number;
  mailboxes: number;
  messages: Messages;
  chips: Chip[];
}

/**
 * An incident with its full explanation. `text` is the reason in words, to be pasted into a ticket. `sessions`
 * describes how the sessions in which mail was read began, empty if none was. `statements` are what vendors say
 * about the account, each with its time. `severity_because` says why the severity is what it is. `story` is what
 * the intruder did, in order of time; `left_behind` what works on after him, the weightiest first. `unusual` is
 * what is unusual in it. `now` is what to do, the most urgent first. `confidence` says how sure it is, "" if that
 * was not judged; the `_text` of severity and confidence has their reasons in one line.
 */
export interface IncidentValue {
  id: string;
  tenant: string;
  account: string;
  kind: string;
  severity: "critical" | "high" | "low" | "medium";
  score: number;
  chance: number;
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
  attack: string;
  related: number;
  mailboxes: number;
  messages: Messages;
  chips: Chip[];
  story: StoryLine[];
  now: UrgentStepValue[];
  began: string;
  severity_text: string;
  confidence: string;
  confidence_text: string;
  confidence_because: string[];
  left_behind: string[];
  unusual: string;
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
  statements: string[];
  severity_because: string[];
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

/** A saved indicator: `id` removes it, `subject` looks it up, `tenant` is empty for all organisations. */
export interface IndicatorValue {
  id: string;
  subject: string;
  kind: "account" | "agent" | "app" | "cidr" | "client" | "country" | "day" | "device" | "ip" | "key" | "mailbox" | "message" | "network" | "operation" | "rule" | "session" | "token";
  value: string;
  tenant: string;
  since: string;
  note: string;
  by: string;
  at: string;
}

/** The saved indicators, the last saved first. */
export interface Indicators {
  items: IndicatorValue[];
}

/** Ingest health. A silent source is an alarm, and so is an organisation with mostly `unjudged` records. */
export interface IngestHealth {
  sources: SourceValue[];
  gaps: Gap[];
  problems: ProblemCount[];
  notes: string[];
  unjudged: string[];
  outbox: OutboxValue;
}

/** All tokens' metadata, by name. */
export interface IngestTokenList {
  items: IngestTokenRow[];
}

/** A new token, shown only this once. */
export interface IngestTokenOnce {
  name: string;
  token: string;
}

/** One token's metadata, without the token. */
export interface IngestTokenRow {
  name: string;
  created_by: string;
  created_at: string;
  revoked_at: string | null;
  last_used_at: string | null;
}

/** Progress of reading and scoring. `rate` is records a second; None if unknown. */
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

/** A code that is shown only this once. */
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

/** Outcomes of the incidents announced in a week. `week` is its Monday. */
export interface LedgerWeek {
  week: string;
  announced: number;
  compromised: number;
  safe: number;
  expected: number;
  unanswered: number;
}

/** A value that was looked up. `subject` looks it up alone; `is_not`: records must not show it. */
export interface LookUpTerm {
  kind: "account" | "agent" | "app" | "cidr" | "client" | "country" | "day" | "device" | "ip" | "key" | "mailbox" | "message" | "network" | "operation" | "rule" | "session" | "token";
  value: string;
  subject: string;
  is_not: boolean;
}

/**
 * What the stored events show of a value. `kind` and `value` are the first of `subjects`. `searched` rows were
 * looked at, back to `looked_from`; `is_cut` if older ones were not. `incidents` list records of the value, the
 * worst first, of the worst thousand incidents; `incident_count` counts all that fit, and `rules` hit those that
 * list records. `may_be_indicator`: it is one value that may be saved as the intruder's; `is_owners_too`: owners
 * show such values as well.
 */
export interface LookUpValue {
  kind: "account" | "agent" | "app" | "cidr" | "client" | "country" | "day" | "device" | "ip" | "key" | "mailbox" | "message" | "network" | "operation" | "rule" | "session" | "token";
  value: string;
  subject: string;
  subjects: LookUpTerm[];
  records: number;
  first: string | null;
  last: string | null;
  by_day: DayCount[];
  seen: SeenBesideField[];
  incidents: IncidentRow[];
  incident_count: number;
  rules: SeenRule[];
  may_be_indicator: boolean;
  is_owners_too: boolean;
  searched: number;
  looked_from: string | null;
  is_cut: boolean;
}

/** An incident whose score an answer would lower. */
export interface Lowered {
  incident: IncidentRow;
  from: number;
  to: number;
}

/** A moment to mark on a timeline. */
export interface Mark {
  time: string;
  incident: string;
  text: string;
}

/** The visitor's own account. */
export interface Me {
  user: SessionUser;
  passkeys: MyPasskey[];
  has_password: boolean;
  has_totp: boolean;
  sessions: MySession[];
}

/** An incident that an analyst merged into this one, who did so, when and why. */
export interface MemberValue {
  incident: IncidentRow;
  answer: "compromised" | "expected-change" | "safe" | null;
  note: string;
  given_by: string;
  given_at: string;
}

/** Numbers of messages that were certainly read, and that may have been read. */
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

/** One session of this user. */
export interface MySession {
  handle: string;
  created_at: string;
  seen_at: string;
  expires_at: string;
  address: string;
  user_agent: string;
  current: boolean;
}

/** A network from which an account was used. */
export interface NetworkUse {
  value: string;
  country: string | null;
  class: string | null;
  days: number;
  events: number;
  first: string;
  last: string;
}

/** An answer to store. With `whole_attack`, incidents of the same attack without an answer get it too. */
export interface NewAnswer {
  answer: "compromised" | "expected-change" | "safe";
  scope?: FeedbackScope;
  expires_at?: string | null;
  note?: string;
  whole_attack?: boolean;
}

/** Incidents a day for each organisation; null for the default by its size. */
export interface NewBudget {
  per_day: number | null;
}

/** A new secret for an authenticator app: as a URL for a QR code, and for typing. */
export interface NewCodes {
  uri: string;
  secret: string;
}

/** A comment to add. */
export interface NewComment {
  text: string;
}

/** The names of the files that will be sent, and their bytes in all. */
export interface NewDrop {
  names: string[];
  bytes: number;
}

/** Owner, status and due time to store, and the version that the change is based on. */
export interface NewHandling {
  version: number;
  status: "closed" | "in-progress" | "new" | "waiting";
  owner?: string | null;
  due_at?: string | null;
}

/** A value to save: it is the intruder's from a day or time on, in one organisation or in all. */
export interface NewIndicator {
  subject: string;
  from: string;
  tenant?: string;
  note?: string;
}

/** The name of a new token: the collector that uses it. */
export interface NewIngestToken {
  name: string;
}

/** An incident to merge into this one, and why. */
export interface NewMember {
  incident: string;
  note?: string;
}

/** The result of `navigator.credentials.create`, and the passkey's name. */
export interface NewPasskey {
  credential: { [name: string]: unknown };
  label?: string;
}

/** The new password, and the present one if there is one. */
export interface NewPassword {
  password: string;
  current?: string | null;
}

/** Whom to reveal, why, and for how many minutes. */
export interface NewReveal {
  person: string;
  reason: string;
  minutes?: number;
}

/** A search to start: the values are the intruder's from a day or time on, and were last seen before another. */
export interface NewScopeSearch {
  subject: string[];
  tenant?: string;
  from: string;
  to?: string | null;
}

/** A record to star. `day` is its UTC day, which is searched first. */
export interface NewStar {
  record: string;
  day?: string | null;
  remark?: string;
}

/** A tag to add. */
export interface NewTag {
  tag: string;
}

/** A task to add. */
export interface NewTask {
  title: string;
  assignee?: string | null;
  due_at?: string | null;
}

/**
 * The least score for raising, in log-odds; null for the default. The lowest value raises all that the budget
 * allows.
 */
export interface NewThreshold {
  least_score: number | null;
}

/**
 * A new user, who needs an invitation to begin, or comes by the identity provider. `organisations` are those that
 * the user is limited to, null for one who sees all, as an admin does.
 */
export interface NewUser {
  name: string;
  role: "admin" | "analyst" | "viewer";
  organisations?: string[] | null;
}

/** The query of a saved search, as in the console's URL. */
export interface NewView {
  query: string;
}

/** An empty object. */
export interface Nothing {
}

/** Open tasks of all incidents, the first due first, at most 200. */
export interface OpenTasks {
  items: TaskValue[];
}

/**
 * A record as it came: `text` without secrets, at most 262,144 characters, null if no copy was kept. `is_cut` says
 * that only its beginning was kept.
 */
export interface OriginalRecord {
  id: string;
  text: string | null;
  is_cut: boolean;
  time: string | null;
  source_file: string | null;
  source_line: number | null;
}

/** Numbers of alerts that wait, and that were given up. */
export interface OutboxValue {
  waiting: number;
  failed: number;
  last_error: string | null;
}

/** A page of a list, and the cursor of the next one. `total` is None if counting would take long. */
export interface Page_AccountRow_ {
  items: AccountRow[];
  next_cursor: string | null;
  total: number | null;
}

/** A page of a list, and the cursor of the next one. `total` is None if counting would take long. */
export interface Page_IncidentRow_ {
  items: IncidentRow[];
  next_cursor: string | null;
  total: number | null;
}

/** A page of a list, and the cursor of the next one. `total` is None if counting would take long. */
export interface Page_ProblemValue_ {
  items: ProblemValue[];
  next_cursor: string | null;
  total: number | null;
}

/** A page of a list, and the cursor of the next one. `total` is None if counting would take long. */
export interface Page_Record_ {
  items: Record[];
  next_cursor: string | null;
  total: number | null;
}

/** A page of a list, and the cursor of the next one. `total` is None if counting would take long. */
export interface Page_StandingAnswer_ {
  items: StandingAnswer[];
  next_cursor: string | null;
  total: number | null;
}

/** The result of `navigator.credentials.get` as JSON (`credential.toJSON()`). */
export interface PasskeySignIn {
  credential: { [name: string]: unknown };
}

/** Name, password, and the one-time code if one is required. */
export interface PasswordSignIn {
  name: string;
  password: string;
  code?: string | null;
}

/**
 * An account or mailbox in a plan: how sure it is, why, and the numbers of its steps. `is_incidents` marks the
 * incident's account. `irreversible` says what of its steps cannot be undone. `more` counts further steps, which
 * the file has.
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
 * One step of containment. Hidden characters in texts are made visible, for reading and copying. `after` are the
 * numbers of prerequisite steps. `reads`, `calls` and `undo` are calls of the vendor's API; a step without `calls`
 * is done as `by_hand` or `powershell` says. `irreversible` says what cannot be undone. `records` are the log's ids
 * of at most 20 of the `record_count` records that justify the step.
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
 * A plan: notes to read before, and the ordered steps. `missing` says why there is no plan, None if there is one.
 * `more` counts further steps in the file. `covers` says whose steps are included: the incident's account alone,
 * also the accounts proved touched, or also those that cannot be ruled out. `left_out` counts accounts that cannot
 * be ruled out and are not included; `may_have_possible` says whether they can be requested here.
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

/** The effect that an answer would have had in the last days. `never_hidden` are reasons that no answer mutes. */
export interface Preview {
  hidden: IncidentRow[];
  lowered: Lowered[];
  raised: IncidentRow[];
  days: number;
  never_hidden: string[];
  note: string;
}

/**
 * `pseudonyms_for`: the roles that see pseudonyms. `reveal_for`: those of them that may reveal a person, for at
 * most `reveal_minutes`.
 */
export interface PrivacySettings {
  pseudonyms_for: ("admin" | "analyst" | "viewer")[];
  reveal_for: ("admin" | "analyst" | "viewer")[];
  reveal_minutes: number;
}

/** Whether the visitor sees pseudonyms, may reveal, and whom he has revealed; and the settings of all roles. */
export interface PrivacyValue {
  sees_pseudonyms: boolean;
  may_reveal: boolean;
  reveals: RevealValue[];
  settings: PrivacySettings;
}

/** Number of records unreadable for one reason, with an example. */
export interface ProblemCount {
  code: string;
  count: number;
  example: string;
}

/** An unreadable record, with an excerpt in which secrets are masked. */
export interface ProblemValue {
  at: string;
  source_file: string;
  line: number;
  code: string;
  reason: string;
  field: string;
  excerpt: string;
}

/** One reason. All weights and `base` sum to the score; `silent` marks the absence of evidence. */
export interface ReasonValue {
  layer: "assurance" | "behaviour" | "lineage" | "rules";
  aspect: string;
  text: string;
  value: string;
  weight: number;
  silent: boolean;
  counts: { [name: string]: number };
}

/** A page of received indicators, the last changed first. */
export interface ReceivedPage {
  items: ReceivedRow[];
  next_cursor: string | null;
  total: number;
}

/**
 * An indicator of others: its collection's address, the values to look up (at most 20), and validity. `subjects` is
 * empty for a hash. `until` is null without end, `confidence` 0 to 100 or null, `tlp` empty without a marking.
 */
export interface ReceivedRow {
  id: string;
  source: string;
  subjects: string[];
  is_hashed: boolean;
  since: string;
  until: string | null;
  confidence: number | null;
  tlp: string;
  name: string;
}

/** One log record. `raw` holds its fields as logged; `is_intruder`: an incident lists it. */
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
 * Links between an incident and others. `family` names the accounts that detection has linked. Accounts without an
 * incident are searched only in events from `looked_from` to before `looked_to`, at most 50 for each value.
 * `is_cut` says that the incident lasted longer.
 */
export interface RelatedValue {
  shared: Shared[];
  family: string;
  incidents: IncidentRow[];
  looked_from: string;
  looked_to: string;
  is_cut: boolean;
}

/** A person whom the visitor has revealed: `person` is the pseudonym, `name` the account. */
export interface RevealValue {
  person: string;
  name: string;
  until: string;
  reason: string;
}

/** State of an incident's scope search. `why` is the error; `scope` is present once the search is done. */
export interface ScopeSearch {
  state: "done" | "failed" | "none" | "running";
  by: string;
  begun_at: string | null;
  why: string;
  scope: ScopedValue | null;
}

/** One fact that an answer is about, such as a network and its value. */
export interface ScopeValue {
  aspect: string;
  value: string;
}

/**
 * A reason that keeps mailboxes possible, its remedy, how many it concerns, and how many it alone keeps possible.
 */
export interface ScopedReason {
  what: string;
  to_do: string;
  kept: number;
  alone: number;
}

/** One step of the search: what was found, what led to it, whether it was followed, and why. */
export interface ScopedStep {
  round: number;
  kind: string;
  value: string;
  source: string;
  is_followed: boolean;
  reason: string;
}

/** An account or mailbox that was or may have been touched. `read` says in words what was read. */
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

/** The result of a search. `more_*` count entries that only the files contain. */
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

/**
 * What a search asks for. `incidents` is the search for incidents, as `/api/incidents` takes it. `subjects` are the
 * values that records must show, as `/api/look` takes them, in `tenant` and from `start` to before `end`; empty if
 * no records are asked for. `is_by_records`: incidents must list such records, so `/api/look` finds them, with
 * `incidents` as its `q`.
 */
export interface SearchReading {
  incidents: string;
  subjects: string[];
  tenant: string | null;
  from: string | null;
  to: string | null;
  is_by_records: boolean;
  unknown: UnknownPart[];
}

/**
 * A value that records show beside the one looked up. `subject` looks it up; `tenant` is an account's organisation.
 */
export interface SeenBeside {
  value: string;
  name: string | null;
  tenant: string | null;
  subject: string;
  records: number;
  first: string;
  last: string;
}

/** The values of a field, most records first; `total` counts all, at least so many if `is_cut`. */
export interface SeenBesideField {
  name: string;
  values: SeenBeside[];
  total: number;
  is_cut: boolean;
}

/** A Sigma rule that hit an incident, and how many records it hit in all of these incidents. */
export interface SeenRule {
  title: string;
  records: number;
}

/**
 * The signed-in user; the local admin has the id 0. `organisations` limit what the user sees, null: nothing does.
 */
export interface SessionUser {
  id: number;
  name: string;
  role: "admin" | "analyst" | "viewer";
  organisations: string[] | null;
}

/** The code, the first admin's name, and either a password or a new passkey. */
export interface SetupAnswer {
  code: string;
  name?: string;
  password?: string | null;
  credential?: { [name: string]: unknown } | null;
  label?: string;
}

/** The code, and for the first admin the new name. */
export interface SetupQuestion {
  code: string;
  name?: string;
}

/** Numbers of open incidents by severity. */
export interface Severities {
  critical: number;
  high: number;
  medium: number;
  low: number;
}

/** A rare value of the incident, and the accounts that show it. */
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

/**
 * A value that a campaign's accounts share. `subject` looks it up, null if it cannot be. `others` are further
 * accounts that use it, as far as incidents say; null for somebody who sees some organisations.
 */
export interface SharedIndicator {
  field: string;
  value: string;
  subject: string | null;
  organisations: number;
  accounts: number;
  others: number | null;
}

/**
 * An organisation whose stored records show a shared value: how many accounts do. `warned`: it has a raised
 * incident.
 */
export interface ShowingTenant {
  tenant: string;
  accounts: number;
  warned: boolean;
}

/** A Sigma rule that matched records of the incident. `technique` is empty if the rule names none. */
export interface SigmaHit {
  title: string;
  level: string;
  technique: string;
  events: number;
}

/** An earlier incident, what it has in common with this one in words, and how it was answered. */
export interface SimilarValue {
  incident: IncidentRow;
  answer: "compromised" | "expected-change" | "safe" | null;
  reasons: string[];
}

/** Earlier incidents that share something rare, and the number of incidents that were compared. */
export interface SimilarValues {
  items: SimilarValue[];
  compared: number;
}

/**
 * A source. `lag_seconds` is the age of its last event; `silent_since` marks an alarm. Records of an unrecognised
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

/** A starred record with its remark, and in a few words what it shows. */
export interface StarValue {
  id: string;
  record: string;
  time: string;
  words: string;
  remark: string;
  given_by: string;
  given_at: string;
  version: number;
}

/**
 * One act of the story. `when` is its time in short; `key` says whether a short telling keeps it. `intruders`: the
 * records are attributed to the attacker; others lie beside them without an address.
 */
export interface StoryLine {
  time: string;
  end: string;
  when: string;
  sentence: string;
  key: boolean;
  intruders: boolean;
  records: number;
}

/**
 * The state of the whole system in brief. `empty`: no event was ever read. `unjudged` are stored events without a
 * verdict. While there are any, no list of incidents is complete; their text says why.
 */
export interface Summary {
  now: string;
  budget: BudgetValue;
  threshold: ThresholdValue;
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
 * A page of a table. Rows have a cell for each column; a time is RFC 3339 in UTC, an unknown one null. `total` rows
 * match, `rows_all` are in the table. `note` says what the table cannot show. `new_since` is the time from which on
 * something counts as new.
 */
export interface TableValue {
  name: "accounts" | "applications" | "consents" | "mail-rules" | "networks" | "rule-hits" | "sign-ins";
  title: string;
  note: string;
  columns: ColumnValue[];
  rows: ((string | number | null)[])[];
  total: number;
  rows_all: number;
  new_since: string | null;
}

/** A task; `done_at` is None while it is open. `overdue`: it is open, and its due time has passed. */
export interface TaskValue {
  id: string;
  incident: string;
  title: string;
  assignee: string | null;
  due_at: string | null;
  given_by: string;
  given_at: string;
  done_at: string | null;
  done_by: string | null;
  overdue: boolean;
  version: number;
}

/**
 * An organisation's budget a day, and the incidents announced today. `allowed` and `spent` are incidents over the
 * `span_days` of the whole budget.
 */
export interface TenantBudget {
  tenant: string;
  per_day: number;
  today: number;
  allowed: number;
  spent: number;
}

/** An organisation: its active accounts, its open incidents by severity, and the last event of an open one. */
export interface TenantRow {
  tenant: string;
  accounts: number;
  open: number;
  by_severity: Severities;
  last_event: string | null;
}

/** The organisations with the most severe open incidents first; `total` counts those that are not shown too. */
export interface Tenants {
  items: TenantRow[];
  total: number;
}

/**
 * The least score for raising: in force, and by who set it; None where there is none. `chosen` was set in the
 * console, `configured` is the watch's `--min-score` or `--min-chance`, `shipped` comes with the ranker. `chance`
 * is the chance of an incident at the least score in force. At `off` and below, nothing is held back.
 */
export interface ThresholdValue {
  least_score: number | null;
  chance: number | null;
  chosen: number | null;
  configured: number | null;
  shipped: number | null;
  off: number;
}

/** Events of the account in one time slot. */
export interface TimelineValue {
  time: string;
  lane: string;
  count: number;
  is_intruder: boolean;
  label: string;
}

/** Stored events without a verdict: their organisation ("" for any), from when on, and why. */
export interface Unjudged {
  tenant: string;
  from: string | null;
  text: string;
}

/** A part of a search that was not understood and is left out: why, and what to do. */
export interface UnknownPart {
  text: string;
  why: string;
  fix: string | null;
}

/** One thing to do now: a sentence, the commands that do it, and how a person does it without them. */
export interface UrgentStepValue {
  name: "block" | "call" | "deadline" | "preserve" | "review";
  text: string;
  commands: string[];
  by_hand: string;
}

/** The changes; omitted fields stay. Null `organisations` are all of them. */
export interface UserChange {
  role?: "admin" | "analyst" | "viewer" | null;
  disabled?: boolean | null;
  organisations?: string[] | null;
}

/** Every user, by name. */
export interface UserList {
  items: UserRow[];
}

/**
 * One user, as an admin sees them. `invited_until` is set while an invitation is open. `organisations` are those
 * that the user is limited to, null for one who sees all.
 */
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
  organisations: string[] | null;
}

/** Usual and present values of one field. `usual` holds pairs of a value and its share of the active days. */
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

/** A value that an account showed: an application (`name` is the log's name of it), a client, a country. */
export interface ValueUse {
  value: string;
  name: string | null;
  days: number;
  events: number;
  first: string;
  last: string;
}

/** Numbers of subjects of one kind by verdict. */
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

/** The visitor's saved searches. */
export interface Views {
  items: ViewValue[];
}

/** The weight of an aspect in an organisation, as adjusted by answers. */
export interface WeightValue {
  tenant: string;
  aspect: string;
  factor: number;
  answers: number;
}

/** The effect of another budget: incidents more and fewer than now. `per_day` null is the default by size. */
export interface WhatIf {
  per_day: number | null;
  allowed: number;
  raised: number;
  more: IncidentRow[];
  fewer: IncidentRow[];
}
