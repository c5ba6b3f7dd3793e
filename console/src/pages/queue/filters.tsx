/** The queue's filters: queue, search, severities, organisation, order. */
import { useEffect, useId, useRef, useState } from "react";
import type { ApiError } from "../../api/client";
import type { QueueName, Summary } from "../../api/types";
import { Button, Menu, Segments } from "../../design/controls";
import { Icon, SeverityMark } from "../../design/marks";
import { historyChoice, withHistory, type HistoryChoice } from "../../words/history";
import { SEVERITIES, severityName } from "../../words/names";
import { filterBy, isFiltered, type QueueState, type Sort } from "./state";
import { Views } from "./views";

const SORTS: Record<Sort, string> = { score: "Strongest first", "-time": "Newest first", account: "By account" };
const HISTORIES: Record<HistoryChoice, string> = { all: "With history", only: "Only history", without: "Without history" };
const TYPING_MILLISECONDS = 250;

export function Filters({ state, summary, fault }: { state: QueueState; summary: Summary | undefined; fault: ApiError | undefined }) {
  const [words, setWords] = useState(state.q);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const faultId = useId();
  useEffect(() => setWords(state.q), [state.q]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const ask = (text: string) => {
    setWords(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => filterBy({ q: text.trim() }), TYPING_MILLISECONDS);
  };
  const toggle = (severity: (typeof SEVERITIES)[number]) => {
    const chosen = state.severities.includes(severity) ? state.severities.filter((one) => one !== severity) : [...state.severities, severity];
    filterBy({ severity: chosen.length === SEVERITIES.length ? [] : chosen });
  };
  const queues: { value: QueueName; label: string; count?: number | undefined }[] = [
    { value: "open", label: "Open", count: summary?.open },
    { value: "answered", label: "Answered", count: summary?.answered },
    { value: "candidates", label: "Candidates" },
    { value: "all", label: "All" },
  ];
  if (state.queue === "announced") queues.splice(1, 0, { value: "announced", label: "Announced", count: summary?.announced });
  const history = historyChoice(words);
  const tenants = summary?.tenants ?? [];
  return (
    <div className="filters">
      <div className="filters-row">
        <h1 className="visually-hidden">Queue</h1>
        <Segments label="Queue" options={queues} value={state.queue} onChange={(queue) => filterBy({ queue: queue === "open" ? null : queue })} />
        <Views />
      </div>
      <div className="filters-row">
        <div className="filter-words">
          <Icon name="filter" />
          <input
            type="search"
            aria-label="Filter the queue"
            aria-invalid={fault?.field === "q"}
            aria-describedby={fault?.field === "q" ? faultId : undefined}
            placeholder="Filter: network:netcup -country:DE"
            autoComplete="off"
            spellCheck={false}
            value={words}
            onChange={(event) => ask(event.target.value)}
            onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
          />
        </div>
        <div className="severities" role="group" aria-label="Severities">
          {SEVERITIES.map((severity) => (
            <button
              key={severity}
              type="button"
              className="severity-toggle"
              aria-pressed={state.severities.includes(severity)}
              aria-label={`${severityName(severity)}${summary ? `, ${summary.by_severity[severity]}` : ""}`}
              title={severityName(severity)}
              onClick={() => toggle(severity)}
            >
              <SeverityMark severity={severity} isNamed={false} />
            </button>
          ))}
        </div>
        <Menu
          label={`Order: ${SORTS[state.sort]}`}
          choices={(Object.keys(SORTS) as Sort[]).map((sort) => ({
            id: sort,
            label: SORTS[sort],
            isChosen: sort === state.sort,
            run: () => filterBy({ sort: sort === "score" ? null : sort }),
          }))}
        >
          <Icon name="sort" />
        </Menu>
        <Menu
          label={`History: ${HISTORIES[history]}`}
          choices={(Object.keys(HISTORIES) as HistoryChoice[]).map((choice) => ({
            id: choice,
            label: HISTORIES[choice],
            isChosen: choice === history,
            run: () => filterBy({ q: withHistory(words, choice) }),
          }))}
        >
          <Icon name="clock" />
        </Menu>
        {tenants.length > 1 && (
          <Menu
            label={`Organisation: ${state.tenant || "all"}`}
            choices={[
              { id: "", label: "All organisations", isChosen: state.tenant === "", run: () => filterBy({ tenant: null }) },
              ...tenants.map((tenant) => ({ id: tenant, label: tenant, isChosen: tenant === state.tenant, run: () => filterBy({ tenant }) })),
            ]}
          >
            <Icon name="organisation" />
          </Menu>
        )}
        {isFiltered(state) && (
          <Button look="quiet" isSmall icon="close" aria-label="Clear the filters" onPress={() => filterBy({ q: null, severity: null, tenant: null })} />
        )}
      </div>
      {fault?.field === "q" && (
        <p id={faultId} className="filter-fault small" role="alert">
          <Icon name="warning" /> {fault.message}
        </p>
      )}
    </div>
  );
}
