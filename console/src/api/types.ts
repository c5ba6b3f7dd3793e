/** What the server says, as types. Times are RFC 3339 in UTC; ids are opaque texts; scores and weights are nats (log-odds). */

export type Role = "viewer" | "analyst" | "admin";
export type Severity = "critical" | "high" | "medium" | "low";
export type Verdict = "compromised" | "safe" | "expected-change";
export type Layer = "behaviour" | "lineage" | "rules" | "assurance";
export type Reach = "account" | "peers" | "tenant";
export type QueueName = "open" | "announced" | "answered" | "candidates" | "all";
export type IngestState = "idle" | "reading" | "scoring" | "behind" | "stopped" | "none";

/** The body of every refusal. */
export interface ErrorBody {
  error: { code: string; message: string; fix: string | null; field: string | null };
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
  total: number | null;
}

export interface Session {
  user: { id: number; name: string; role: Role } | null;
  loopback: boolean;
  sign_in_required: boolean;
  methods: ("passkey" | "password" | "oidc")[];
  csrf_token: string;
  setup_needed: boolean;
  /** Nothing but their own settings can be asked until this user has a passkey or one-time codes. */
  second_factor_needed: boolean;
  version: string;
  demo: boolean;
  ingest_enabled: boolean;
}

export interface Passkey {
  id: string;
  label: string;
  created_at: string;
  used_at: string | null;
}

export interface SignedInSession {
  handle: string;
  created_at: string;
  seen_at: string;
  expires_at: string;
  address: string;
  user_agent: string;
  current: boolean;
}

export interface Me {
  user: { id: number; name: string; role: Role };
  passkeys: Passkey[];
  has_password: boolean;
  has_totp: boolean;
  sessions: SignedInSession[];
}

export interface User {
  id: number;
  name: string;
  role: Role;
  disabled: boolean;
  created_at: string;
  seen_at: string | null;
  passkeys: number;
  has_password: boolean;
  has_totp: boolean;
  has_identity: boolean;
  sessions: number;
  /** While an invite waits to be taken up. */
  invited_until: string | null;
}

export interface Invitation {
  code: string;
  expires_at: string;
}

export interface IngestToken {
  name: string;
  created_at: string;
  created_by?: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
}

export interface AuditEntry {
  sequence: number;
  at: string;
  actor: string;
  action: string;
  subject: string;
  details: unknown;
  digest: string;
}

export interface AuditVerdict {
  whole: boolean;
  entries: number;
  fault: string | null;
  head: { sequence: number; digest: string };
}

export interface Ingest {
  state: IngestState;
  records: number;
  events: number;
  duplicates: number;
  problems: number;
  /** Records a second; null where it cannot be told. */
  rate: number | null;
  backlog_bytes: number | null;
  seconds_left: number | null;
  last_event: string | null;
  last_batch: string | null;
  dirty_days: number;
}

/** Stored events that are not judged; no tenant: of any. */
export interface Unjudged {
  tenant: string;
  from: string | null;
  text: string;
}

export interface Summary {
  now: string;
  budget: {
    per_day: number;
    /** What was set here, and the watch's `--budget`: a day for each organisation. */
    chosen: number | null;
    configured: number | null;
    /** Announced today. */
    today: number;
    /** The days of log that `allowed` and `spent` count; 0 before the first. */
    span_days: number;
    allowed: number;
    spent: number;
    tenants: { tenant: string; per_day: number; today: number; allowed: number; spent: number }[];
  };
  open: number;
  announced: number;
  answered: number;
  by_severity: Record<Severity, number>;
  ingest: Ingest;
  silent_sources: number;
  revision: number;
  tenants: string[];
  accounts: number;
  empty: boolean;
  unjudged: Unjudged[];
}

export interface Chip {
  layer: Layer;
  aspect: string;
  text: string;
  short: string;
  weight: number;
}

export interface IncidentRow {
  id: string;
  tenant: string;
  account: string;
  kind: string;
  severity: Severity;
  score: number;
  raised: boolean;
  /** It was older than the live window when it was found; nobody was told of it alone. */
  history: boolean;
  announced_at: string | null;
  detected_at: string | null;
  first_event: string;
  last_event: string;
  title: string;
  summary: string;
  answer: Verdict | null;
  family: string;
  related: number;
  mailboxes: number;
  messages: { proved: number; possible: number };
  chips: Chip[];
}

export interface Reason {
  layer: Layer;
  aspect: string;
  text: string;
  value: string;
  weight: number;
  silent: boolean;
  counts: Record<string, number>;
}

export interface Usual {
  aspect: string;
  words: string;
  now: string;
  usual: [value: string, share: number][];
  seen_days: number;
  active_days: number;
  peers_with: number;
  peers: number;
  is_unusual: boolean;
  normal_if: string;
}

export interface TimelineSlot {
  time: string;
  lane: string;
  count: number;
  is_intruder: boolean;
  label: string;
}

/** A Sigma rule that hit records of the incident. */
export interface SigmaHit {
  title: string;
  level: string;
  technique: string;
  events: number;
}

export interface Incident extends IncidentRow {
  reasons: Reason[];
  base: number;
  usual: Usual[];
  timeline: TimelineSlot[];
  curve: [time: string, score: number][];
  threshold: number | null;
  technique: string;
  p: number;
  unsupervised: number;
  rules: string[];
  sigma: SigmaHit[];
  /** How the sessions began in which mail was read; empty where none was. */
  sessions: string;
  coverage: string[];
  actions: string[];
  events: number;
  events_not_listed: number;
  mailbox_names: string[];
  related_accounts: string[];
  answers: Answer[];
  /** The reason in words, ready to be pasted into a ticket. */
  text: string;
  aliases: string[];
}

/** One record of a log. Every text in it may have been written by an attacker: show it as text alone. */
export interface LogRecord {
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
  raw: Record<string, unknown>;
}

export interface RelatedAccount {
  tenant: string;
  account: string;
  incident: string | null;
  score: number | null;
  first: string;
  last: string;
  events: number;
}

export interface Related {
  shared: { key: "network" | "app" | "client" | "prefix"; value: string; accounts: RelatedAccount[] }[];
  family: string;
  incidents: IncidentRow[];
  looked_from: string;
  looked_to: string;
  is_cut: boolean;
}

export interface PlanStep {
  order: number;
  id: string;
  tenant: string;
  account: string;
  title: string;
  reason: string;
  confidence: "certain" | "likely" | "precaution";
  /** Orders of the steps that must come before. */
  after: number[];
  by_hand: string;
  reads: string[];
  calls: string[];
  undo: string[];
  powershell: string[];
  undo_powershell: string[];
  /** What cannot be undone; empty when all can. */
  irreversible: string;
  /** The log's own ids of records that say so. */
  records: string[];
  record_count: number;
}

/** An account or a mailbox that a plan is about, and why. */
export interface PlanAccount {
  tenant: string;
  account: string;
  confidence: PlanStep["confidence"];
  is_incidents: boolean;
  reasons: string[];
  /** Orders of its steps. */
  steps: number[];
  /** Further steps, which the file has. */
  more: number;
  irreversible: string[];
}

export interface Plan {
  id: string;
  /** Whose steps: of the incident's account, of all proved touched, or also of those not ruled out. */
  covers: "incident" | "touched" | "possible";
  accounts: PlanAccount[];
  more_accounts: number;
  /** Accounts not ruled out that are not in it, and whether they can be asked for. */
  left_out: number;
  may_have_possible: boolean;
  steps: PlanStep[];
  /** Further steps, which the file has. */
  more: number;
  before: string[];
  warnings: string[];
  /** Why there is no plan; null where there is one. */
  missing: string | null;
}

export interface VerdictCounts {
  kind: "account" | "mailbox" | "organisation";
  touched: number;
  possible: number;
  not_touched: number;
}

/** An account or a mailbox that was touched, or may have been. */
export interface ScopedSubject {
  kind: VerdictCounts["kind"];
  tenant: string;
  name: string;
  verdict: "touched" | "possible" | "not_touched";
  reasons: string[];
  records: number;
  first: string | null;
  last: string | null;
  messages: number;
  /** What of it was read, in words. */
  read: string;
}

/** What keeps mailboxes possible, and what to do about it. */
export interface ScopedReason {
  what: string;
  to_do: string;
  kept: number;
  alone: number;
}

export interface ScopedStep {
  round: number;
  kind: string;
  value: string;
  source: string;
  is_followed: boolean;
  reason: string;
}

/** Who else the intruder touched. */
export interface Scoped {
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

export interface ScopeSearch {
  state: "none" | "running" | "done" | "failed";
  by: string;
  begun_at: string | null;
  why: string;
  scope: Scoped | null;
}

export interface ScopeValue {
  aspect: string;
  value: string;
}

export interface Scope {
  reach: Reach;
  values: ScopeValue[];
}

export interface Draft {
  answer: Verdict;
  scope: Scope;
  expires_at?: string | null;
  note?: string;
}

export interface Preview {
  hidden: IncidentRow[];
  lowered: { incident: IncidentRow; from: number; to: number }[];
  raised: IncidentRow[];
  days: number;
  never_hidden: string[];
  note: string;
}

export interface Answer {
  id: string;
  incident: string;
  tenant: string;
  account: string;
  answer: Verdict;
  scope: Scope;
  note: string;
  given_by: string;
  given_at: string;
  expires_at: string | null;
  withdrawn_at: string | null;
  withdrawn_by: string | null;
  standing: boolean;
}

/** A standing answer of the exceptions page, with how many incidents it hides. */
export interface Exception extends Answer {
  hides: number;
}

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

export interface Habit {
  value: string;
  /** Of an application, where a record tells it. */
  name?: string | null;
  country?: string | null;
  class?: string | null;
  days: number;
  events: number;
  first: string;
  last: string;
}

export interface Account {
  tenant: string;
  account: string;
  type: string | null;
  first: string;
  last: string;
  events: number;
  active_days: number;
  networks: Habit[];
  clients: Habit[];
  apps: Habit[];
  countries: Habit[];
  incidents: IncidentRow[];
}

export interface AccountTimeline {
  from: string;
  to: string;
  slot_seconds: number;
  lanes: { network: string | null; country: string | null; class: string | null; points: [slot: number, count: number, intruder: number][] }[];
  marks: { time: string; incident: string; text: string }[];
}

export interface View {
  name: string;
  query: string;
}

export interface SourceHealth {
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
  state: "ok" | "late" | "silent";
  silent_since: string | null;
}

export interface IngestHealth {
  sources: SourceHealth[];
  gaps: { tenant: string; source: string; from: string; to: string; text: string }[];
  problems: { code: string; count: number; example: string }[];
  notes: string[];
  unjudged: string[];
  outbox: { waiting: number; failed: number; last_error: string | null };
}

export interface Problem {
  at: string;
  source_file: string;
  line: number;
  code: string;
  reason: string;
  field: string;
  excerpt: string;
}

export interface Detector {
  calibration: { expected: number[]; observed: number[]; days: number; groups: number };
  ledger: { week: string; announced: number; compromised: number; safe: number; expected: number; unanswered: number }[];
  days: { day: string; events: number; accounts: number; raised: number }[];
  weights: { tenant: string; aspect: string; factor: number; answers: number }[];
  version: string;
}

export interface WhatIf {
  per_day: number;
  allowed: number;
  raised: number;
  more: IncidentRow[];
  fewer: IncidentRow[];
}

/** What the stream says of an incident that is new or has changed. */
export interface IncidentNews {
  revision: number;
  id: string;
  tenant: string;
  account: string;
  severity: Severity;
  title: string;
  new: boolean;
}
