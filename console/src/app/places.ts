/** The console's pages, in navigation order. */
import type { Role, Session, Summary } from "../api/types";
import type { IconName } from "../design/marks";
import { BASE } from "./base";

export interface Place {
  path: string;
  label: string;
  icon: IconName;
  /** The second key after `g`. */
  key: string;
  role?: Role;
  count?: (summary: Summary) => number;
  /** Whether the page needs attention. */
  alarm?: (summary: Summary) => boolean;
  /** Shown in the bottom bar of a narrow screen. */
  isMain?: boolean;
  /** Whether the page is there: all are, unless this says otherwise. */
  isThere?: (session: Session) => boolean;
}

/** Return whether the user sees all organisations: some pages concern them all. */
export const seesAll = (session: Session): boolean => (session.user?.organisations ?? null) === null;

export const PLACES: readonly Place[] = [
  { path: "/", label: "Queue", icon: "queue", key: "q", count: (summary) => summary.open, isMain: true },
  { path: "/accounts", label: "Accounts", icon: "accounts", key: "a", isMain: true },
  { path: "/search", label: "Search", icon: "search", key: "s", isMain: true },
  { path: "/tenants", label: "Tenants", icon: "globe", key: "n" },
  { path: "/tables", label: "Tables", icon: "organisation", key: "b" },
  { path: "/read", label: "Read an export", icon: "plus", key: "r", isThere: (session) => session.may_drop },
  { path: "/health", label: "Health", icon: "health", key: "h", alarm: (summary) => summary.silent_sources > 0 || summary.ingest.state === "stopped", isMain: true, isThere: seesAll },
  { path: "/detector", label: "Detector", icon: "detector", key: "d", isThere: seesAll },
  { path: "/exceptions", label: "Exceptions", icon: "exceptions", key: "e" },
  { path: "/indicators", label: "Indicators", icon: "star", key: "i" },
  { path: "/audit", label: "Audit", icon: "audit", key: "u", role: "admin", isThere: () => BASE === "" },
  { path: "/settings", label: "Settings", icon: "settings", key: "t", isThere: () => BASE === "" },
];
