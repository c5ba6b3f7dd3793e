/** The reasons as steps of a waterfall chart from the base to the score. */
import { useState } from "react";
import type { Incident, Reason } from "../../api/types";
import { Panel } from "../../design/states";
import { aspectName, LAYERS } from "../../words/names";
import { withoutIds } from "../../words/incidents";
import { daysWords, peersWords, plural, score, signed } from "../../words/numbers";

const LEAST = 0.05;
const SHOWN_AT_FIRST = 8;

interface Step {
  key: string;
  name: string;
  /** The value that the reason is about, or "". */
  value: string;
  text: string;
  full: string;
  layer: string;
  weight: number;
  from: number;
  to: number;
}

/** Return the strongest reasons as own steps and the rest as one step, so that the sum stays the score. */
function steps(incident: Incident): { own: Step[]; rest: Step[] } {
  const isOwn = (reason: Reason) => !reason.silent && Math.abs(reason.weight) >= LEAST;
  const sorted = [...incident.reasons].sort((one, other) => Number(isOwn(other)) - Number(isOwn(one)) || other.weight - one.weight);
  let at = incident.base;
  const all = sorted.map<Step>((reason, index) => {
    const from = at;
    at += reason.weight;
    return {
      key: `${index} ${reason.layer} ${reason.aspect}`,
      name: aspectName(reason.aspect),
      ...said(reason),
      full: reason.text,
      layer: LAYERS[reason.layer],
      weight: reason.weight,
      from,
      to: at,
    };
  });
  const count = sorted.filter(isOwn).length;
  return { own: all.slice(0, count), rest: all.slice(count) };
}

/** Return `AS197540 netcup GmbH` and `0 of 23 active days · 1 of 133 peers` if a reason has counts, else its text. */
function said(reason: Reason): { value: string; text: string } {
  const { active_days: days, seen_days: seen = 0, peers, peers_with: having = 0, day_cohort: others = 0 } = reason.counts;
  if (reason.value === "" || days === undefined) return { value: "", text: withoutIds(reason.text) };
  const counts = [daysWords(seen, days)];
  if (peers !== undefined) counts.push(peersWords(having, peers));
  if (others > 0) counts.push(`${plural(others, "other")} that day`);
  return { value: withoutIds(reason.value), text: counts.join(" · ") };
}

export function Evidence({ incident }: { incident: Incident }) {
  const { own, rest } = steps(incident);
  const [isWhole, setWhole] = useState(false);
  const more = rest.length + Math.max(0, own.length - SHOWN_AT_FIRST);
  const shown = isWhole ? [...own, ...rest] : own.slice(0, SHOWN_AT_FIRST);
  const left = isWhole ? [] : [...own.slice(SHOWN_AT_FIRST), ...rest];
  const ends = [incident.base, incident.score, ...[...own, ...rest].map((step) => step.to), ...(incident.threshold === null ? [] : [incident.threshold])];
  const low = Math.min(...ends);
  const scale = 100 / Math.max(0.001, Math.max(...ends) - low);
  const x = (value: number) => (value - low) * scale;
  const threshold = incident.threshold === null ? null : x(incident.threshold);
  const folded: Step | null =
    left.length === 0
      ? null
      : {
          key: "left",
          name: `${left.length} more`,
          value: "",
          full: "",
          text: "reasons that move the score a little",
          layer: "",
          weight: left.reduce((sum, step) => sum + step.weight, 0),
          from: left[0]?.from ?? incident.base,
          to: left.at(-1)?.to ?? incident.score,
        };
  return (
    <Panel
      title="Evidence"
      aside={
        <span className="small soft">
          base {score(incident.base)} {signed(incident.score - incident.base)} = <b className="numbers ink">{score(incident.score)}</b> log-odds
        </span>
      }
    >
      <ol className="evidence">
        <Bar name="Base" text="how rare a takeover is before any evidence" at={[x(incident.base), x(incident.base)]} weight={incident.base} look="base" threshold={threshold} />
        {shown.map((step) => (
          <Bar key={step.key} name={step.name} value={step.value} text={step.text} full={step.full} hint={step.layer} at={[x(step.from), x(step.to)]} weight={step.weight} threshold={threshold} />
        ))}
        {folded && <Bar name={folded.name} text={folded.text} at={[x(folded.from), x(folded.to)]} weight={folded.weight} threshold={threshold} />}
        <Bar name="Score" text={incident.threshold === null ? "" : `raised from ${score(incident.threshold)}`} at={[x(low), x(incident.score)]} weight={incident.score} look="sum" threshold={threshold} />
      </ol>
      {more > 0 && (
        <button type="button" className="unfold small" aria-expanded={isWhole} onClick={() => setWhole(!isWhole)}>
          {isWhole ? "Show the strongest alone" : `Show all ${own.length + rest.length} reasons`}
        </button>
      )}
    </Panel>
  );
}

interface BarProps {
  name: string;
  value?: string;
  text: string;
  full?: string;
  hint?: string;
  at: [number, number];
  weight: number;
  look?: "base" | "sum";
  threshold: number | null;
}

function Bar({ name, value = "", text, full, hint, at, weight, look, threshold }: BarProps) {
  const [from, to] = [Math.min(...at), Math.max(...at)];
  const kind = look ?? (weight < 0 ? "against" : "for");
  return (
    <li className={`bar-row bar-${kind}`}>
      <span className="bar-name" title={hint}>
        {name}
      </span>
      <span className="bar-text small soft log-text" title={full}>
        {value && <span className="ink">{value} · </span>}
        {text}
      </span>
      <span className="bar-track" aria-hidden="true">
        {threshold !== null && <i className="bar-threshold" style={{ left: `${threshold}%` }} />}
        <i className="bar-step" style={{ left: `${from}%`, width: `max(2px, ${to - from}%)` }} />
      </span>
      <span className="bar-weight numbers">{look === undefined ? signed(weight) : score(weight)}</span>
    </li>
  );
}
