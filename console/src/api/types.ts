/** Shorter names for the server's types in `schema.ts`. */
import type {
  AccountValue,
  AnswerValue,
  AttackValue,
  DetectorValue,
  ErrorDocument,
  IncidentRow,
  IncidentValue,
  IngestTokenRow,
  IngestValue,
  InviteCode,
  LookUpValue,
  MyPasskey,
  MySession,
  NetworkUse,
  NewAnswer,
  Page_IncidentRow_,
  PlanValue,
  ProblemValue,
  ReasonValue,
  RelatedValue,
  FeedbackScope,
  ScopedValue,
  SessionUser,
  SharedAccount,
  SourceValue,
  StandingAnswer,
  TimelineValue,
  UserRow,
  UrgentStepValue,
  UsualValue,
  ValueUse,
  ViewValue,
} from "./schema";

export type {
  AccountRow,
  AccountTimeline,
  AuditEntry,
  AuditVerdict,
  ChannelList,
  ChannelTestResults,
  CampaignMember,
  CampaignRow,
  Campaigns,
  CampaignValue,
  Chip,
  DroppedExport,
  DroppedExports,
  DroppedFile,
  CommentValue,
  HandlingValue,
  IncidentNews,
  IncidentRow,
  IngestHealth,
  Me,
  MemberValue,
  PlanAccount,
  PlanStep,
  PrivacySettings,
  PrivacyValue,
  RevealValue,
  Indicators,
  IndicatorValue,
  ReceivedPage,
  ReceivedRow,
  LookUpTerm,
  SearchReading,
  SeenBeside,
  UnknownPart,
  Preview,
  OriginalRecord,
  Record as LogRecord,
  FeedbackScope as Scope,
  ScopedReason,
  ScopedStep,
  ScopedSubject,
  ScopeSearch,
  ScopeValue,
  ConsoleSession as Session,
  SharedIndicator,
  ShowingTenant,
  SigmaHit,
  SimilarValues,
  StarValue,
  StoryLine,
  Summary,
  TaskValue,
  TableValue,
  TenantRow,
  Tenants,
  Unjudged,
  VerdictCounts,
  WhatIf,
} from "./schema";

export type Role = SessionUser["role"];
export type Severity = IncidentRow["severity"];
export type Verdict = AnswerValue["answer"];
export type Layer = ReasonValue["layer"];
export type Reach = FeedbackScope["reach"];
export type QueueName = "open" | "announced" | "answered" | "candidates" | "all";
export type IngestState = IngestValue["state"];

/** A page of a list. The server has a separate type for each kind of item. */
export type Page<T> = Omit<Page_IncidentRow_, "items"> & { items: T[] };

export type Account = AccountValue;
export type Answer = AnswerValue;
export type Attack = AttackValue;
export type Detector = DetectorValue;
export type Draft = NewAnswer;
/** The body of every refused request. */
export type ErrorBody = ErrorDocument;
/** An answer in force, with how many incidents it hides. */
export type Exception = StandingAnswer;
/** A value that an account showed. Networks have a country and a class; other values may have a name. */
export type Habit = Omit<ValueUse, "name"> & Partial<Pick<ValueUse, "name">> & Partial<Pick<NetworkUse, "country" | "class">>;
export type Incident = IncidentValue;
export type Ingest = IngestValue;
export type IngestToken = IngestTokenRow;
export type Invitation = InviteCode;
export type LookedUp = LookUpValue;
export type Passkey = MyPasskey;
export type Plan = PlanValue;
export type Problem = ProblemValue;
export type Reason = ReasonValue;
export type Related = RelatedValue;
export type RelatedAccount = SharedAccount;
export type Scoped = ScopedValue;
export type SignedInSession = MySession;
export type SourceHealth = SourceValue;
export type TimelineSlot = TimelineValue;
export type User = UserRow;
export type UrgentStep = UrgentStepValue;
export type Usual = UsualValue;
export type View = ViewValue;
