/** Historical incidents: older than the live window when found, for example after importing months of logs. */

export const HISTORY = "History";
export const HISTORY_MEANS = "Older than the 30 days that are watched when it was found. It took nothing off today's budget, and no message was sent for it alone.";

/** Whether a search includes historical incidents. */
export type HistoryChoice = "all" | "only" | "without";

const TERM = /(^|\s)(-?)is:history(?=\s|$)/i;

export function historyChoice(search: string): HistoryChoice {
  const found = TERM.exec(search);
  if (found === null) return "all";
  return found[2] === "-" ? "without" : "only";
}

/** Return the search with another choice. */
export function withHistory(search: string, choice: HistoryChoice): string {
  const rest = search.replace(new RegExp(TERM, "gi"), " ").replace(/\s+/g, " ").trim();
  const term = { all: "", only: "is:history", without: "-is:history" }[choice];
  return [rest, term].filter(Boolean).join(" ");
}
