/** The console's pages, in navigation order. */
import type { Role, Summary } from "../api/types";
import type { IconName } from "../design/marks";

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
}

export const PLACES: readonly Place[] = [
  { path: "/", label: "Queue", icon: "queue", key: "q", count: (summary) => summary.open, isMain: true },
  { path: "/accounts", label: "Accounts", icon: "accounts", key: "a", isMain: true },
  { path: "/search", label: "Search", icon: "search", key: "s", isMain: true },
  { path: "/health", label: "Health", icon: "health", key: "h", alarm: (summary) => summary.silent_sources > 0 || summary.ingest.state === "stopped", isMain: true },
  { path: "/detector", label: "Detector", icon: "detector", key: "d" },
  { path: "/exceptions", label: "Exceptions", icon: "exceptions", key: "e" },
  { path: "/audit", label: "Audit", icon: "audit", key: "u", role: "admin" },
  { path: "/settings", label: "Settings", icon: "settings", key: "t" },
];
