/** The state of the queue, stored entirely in the URL. */
import { useRoute, withParameters, navigate } from "../../app/router";
import type { QueueName, Severity } from "../../api/types";
import { SEVERITIES } from "../../words/names";

export type Sort = "score" | "-time" | "account";

export interface QueueState {
  queue: QueueName;
  q: string;
  tenant: string;
  severities: Severity[];
  sort: Sort;
  /** The selected incident's id, or "". */
  incident: string;
}

const QUEUES: readonly QueueName[] = ["open", "announced", "answered", "candidates", "all"];
const SORTS: readonly Sort[] = ["score", "-time", "account"];

export function useQueueState(): QueueState {
  const { parameters } = useRoute();
  const queue = parameters.get("queue") as QueueName;
  const sort = parameters.get("sort") as Sort;
  return {
    queue: QUEUES.includes(queue) ? queue : "open",
    q: parameters.get("q") ?? "",
    tenant: parameters.get("tenant") ?? "",
    severities: SEVERITIES.filter((severity) => parameters.getAll("severity").includes(severity)),
    sort: SORTS.includes(sort) ? sort : "score",
    incident: parameters.get("incident") ?? "",
  };
}

/** Change filters, keeping the selected incident. */
export function filterBy(changes: Record<string, string | readonly string[] | null>): void {
  navigate(withParameters(changes));
}

/** Select an incident, replacing the history entry: steps through the list need none of their own. */
export function choose(id: string): void {
  navigate(withParameters({ incident: id }), { replace: true });
}

/** Return the filters as the server expects them. */
export function filtersOf(state: QueueState) {
  return { q: state.q, tenant: state.tenant, severity: state.severities, sort: state.sort };
}

export const isFiltered = (state: QueueState) => state.q !== "" || state.tenant !== "" || state.severities.length > 0;
