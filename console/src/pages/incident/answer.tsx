/** The dialog for answering an incident. It previews what the answer would have hidden. */
import { useEffect, useMemo, useState } from "react";
import { ApiError, get, post } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Answer, Attack, Draft, Incident, Preview, Reach, ScopeValue, Verdict } from "../../api/types";
import { announce } from "../../app/announce";
import { useSummary } from "../../app/session";
import { Button, Dialog, Segments } from "../../design/controls";
import { Skeleton } from "../../design/states";
import { withoutIds } from "../../words/incidents";
import { aspectName, REACHES, VERDICTS } from "../../words/names";
import { plural } from "../../words/numbers";
import { PreviewOfAnswer } from "./preview";

const MEANINGS: Record<Verdict, string> = {
  compromised: "An intruder used the account. What it did never becomes usual.",
  safe: "A false alarm: it was the owner. What stood out here weighs less for a while.",
  "expected-change": "A known change: a move, a new tool, a migration. These facts are expected for a time.",
};
const VERDICT_ORDER: readonly Verdict[] = ["compromised", "safe", "expected-change"];
const DAY = 86_400_000;
type Expiry = "30" | "90" | "365" | "date";
const EXPIRIES: readonly { value: Expiry; label: string }[] = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "a year" },
  { value: "date", label: "a date" },
];

interface Props {
  id: string;
  onClose: () => void;
  onAnswered: (incident: Incident) => void;
}

export function AnswerDialog(props: Props) {
  const { data: incident } = useResource<Incident>(`/api/incidents/${encodeURIComponent(props.id)}`);
  if (!incident) {
    return (
      <Dialog title="Answer" isOpen onClose={props.onClose} isWide>
        <Skeleton rows={6} />
      </Dialog>
    );
  }
  return <AnswerForm {...props} incident={incident} />;
}

/** Return the facts that an answer may explain: each unusual one (else all), and the matching Sigma rules. */
function factsOf(incident: Incident): ScopeValue[] {
  const facts = incident.usual.filter((row) => row.now !== "");
  const unusual = facts.filter((row) => row.is_unusual);
  const shown = (unusual.length > 0 ? unusual : facts).map((row) => ({ aspect: row.aspect, value: row.now }));
  return [...shown, ...incident.rules.map((rule) => ({ aspect: "rule", value: rule }))];
}

/** Return when an answer expires: at the end of a day. No answer is permanent. */
function endOf(expiry: Expiry, date: string, now: number): string | null {
  if (expiry === "date") return date === "" ? null : `${date}T23:59:59Z`;
  return `${new Date(now + Number(expiry) * DAY).toISOString().slice(0, 10)}T23:59:59Z`;
}

const keyOf = (fact: ScopeValue) => `${fact.aspect}\n${fact.value}`;

function AnswerForm({ incident, onClose, onAnswered }: Props & { incident: Incident }) {
  const summary = useSummary();
  const facts = useMemo(() => factsOf(incident), [incident]);
  const [answer, setAnswer] = useState<Verdict>();
  const [reach, setReach] = useState<Reach>("account");
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [expiry, setExpiry] = useState<Expiry>("90");
  const [date, setDate] = useState("");
  const [note, setNote] = useState("");
  const [fault, setFault] = useState<ApiError>();
  const [isSaving, setSaving] = useState(false);
  const [isWhole, setWhole] = useState(true);
  const { data: attack } = useResource<Attack>(incident.attack === "" ? null : `/api/incidents/${encodeURIComponent(incident.id)}/attack`);
  const others = attack?.members.filter((member) => member.incident.id !== incident.id && member.incident.answer === null).length ?? 0;

  const isChange = answer === "expected-change";
  const hasEnd = isChange || answer === "safe";
  // Only an answer for one account may last a year.
  const expiries = isChange && reach === "account" ? EXPIRIES : EXPIRIES.filter((one) => one.value !== "365");
  const chosenExpiry = expiries.some((one) => one.value === expiry) ? expiry : "90";
  const now = summary ? Date.parse(summary.now) : Date.now();
  const values = isChange ? facts.filter((fact) => !left.has(keyOf(fact))) : [];
  const scope = { reach: isChange ? reach : ("account" as const), values };
  const draft: Draft | null = answer === undefined ? null : { answer, scope, expires_at: hasEnd ? endOf(chosenExpiry, date, now) : null };
  const preview = usePreview(incident.id, draft);
  const isIncomplete = draft === null || (isChange && values.length === 0) || (hasEnd && chosenExpiry === "date" && date === "");

  const save = async () => {
    if (draft === null || isIncomplete) return;
    setSaving(true);
    try {
      await post<Answer>(`/api/incidents/${encodeURIComponent(incident.id)}/answers`, { ...draft, note: note.trim(), whole_attack: isWhole && others > 0 && !isChange });
      announce(`Answered: ${VERDICTS[draft.answer]}`);
      onAnswered(await get<Incident>(`/api/incidents/${encodeURIComponent(incident.id)}`));
      onClose();
    } catch (error) {
      setFault(error instanceof ApiError ? error : new ApiError(0, "failed", "The answer could not be saved."));
      setSaving(false);
    }
  };
  return (
    <Dialog
      title={`What was this? ${incident.account}`}
      isOpen
      onClose={onClose}
      isWide
      foot={
        <>
          {fault && (
            <p className="filter-fault small" role="alert">
              {fault.message} {fault.fix}
            </p>
          )}
          <Button onPress={onClose}>Cancel</Button>
          <Button look="primary" isDisabled={isIncomplete || isSaving || preview.data === undefined} onPress={() => void save()}>
            {isSaving ? "Saving…" : "Save the answer"}
          </Button>
        </>
      }
    >
      <div className={`answer-form ${hasEnd ? "has-scope" : ""}`}>
        <fieldset className="verdicts">
          <legend className="visually-hidden">Answer</legend>
          {VERDICT_ORDER.map((verdict) => (
            <label key={verdict} className={`verdict-card ${answer === verdict ? "is-chosen" : ""}`}>
              <input type="radio" name="answer" autoFocus={verdict === "compromised"} checked={answer === verdict} onChange={() => setAnswer(verdict)} />
              <b>{VERDICTS[verdict]}</b>
              <span className="small soft">{MEANINGS[verdict]}</span>
            </label>
          ))}
        </fieldset>
        {hasEnd && (
          <div className="answer-scope">
            {isChange && <ScopeOfChange facts={facts} left={left} onLeft={setLeft} reach={reach} onReach={setReach} />}
            <div className="field">
              <span className="field-label">For how long</span>
              <span className="expiry">
                <Segments label="For how long" options={expiries} value={chosenExpiry} onChange={setExpiry} />
                {chosenExpiry === "date" && (
                  <input
                    type="date"
                    className="input"
                    aria-label="Until"
                    min={new Date(now + DAY).toISOString().slice(0, 10)}
                    value={date}
                    onChange={(event) => setDate(event.target.value)}
                  />
                )}
              </span>
            </div>
          </div>
        )}
        {others > 0 && answer !== undefined && !isChange && (
          <label className="small whole-attack">
            <input type="checkbox" checked={isWhole} onChange={(event) => setWhole(event.target.checked)} />{" "}
            The same answer for the {plural(others, "other incident")} of this attack without an answer
          </label>
        )}
        {draft !== null && <PreviewOfAnswer {...preview} />}
        <div className="field answer-note">
          <label htmlFor="answer-note">Note (for colleagues and the audit)</label>
          <textarea id="answer-note" className="input" maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
        </div>
      </div>
    </Dialog>
  );
}

interface ScopeProps {
  facts: readonly ScopeValue[];
  left: ReadonlySet<string>;
  onLeft: (left: ReadonlySet<string>) => void;
  reach: Reach;
  onReach: (reach: Reach) => void;
}

/** Choose which facts a change explains, and for which accounts. */
function ScopeOfChange({ facts, left, onLeft, reach, onReach }: ScopeProps) {
  const toggle = (fact: ScopeValue) => {
    const next = new Set(left);
    if (!next.delete(keyOf(fact))) next.add(keyOf(fact));
    onLeft(next);
  };
  return (
    <>
      <div className="field">
        <span className="field-label">For whom</span>
        <Segments label="For whom" options={(Object.keys(REACHES) as Reach[]).map((value) => ({ value, label: REACHES[value] }))} value={reach} onChange={onReach} />
      </div>
      <fieldset className="facts-chosen">
        <legend className="field-label">Which facts</legend>
        {facts.map((fact) => (
          <label key={keyOf(fact)} className="small">
            <input type="checkbox" checked={!left.has(keyOf(fact))} onChange={() => toggle(fact)} />
            <span className="soft">{aspectName(fact.aspect)}</span>
            <span className="log-text" title={fact.value}>
              {fact.aspect === "rule" ? aspectName(fact.value) : withoutIds(fact.value)}
            </span>
          </label>
        ))}
      </fieldset>
    </>
  );
}

const PAUSE_MILLISECONDS = 250;

/** Fetch the preview of a draft whenever it changes. */
function usePreview(id: string, draft: Draft | null): { data: Preview | undefined; error: ApiError | undefined } {
  const text = draft === null ? null : JSON.stringify(draft);
  const [known, setKnown] = useState<{ text: string; data?: Preview; error?: ApiError }>();
  useEffect(() => {
    if (text === null) return undefined;
    const aborting = new AbortController();
    const timer = setTimeout(() => {
      post<Preview>(`/api/incidents/${encodeURIComponent(id)}/answers/preview`, JSON.parse(text), aborting.signal)
        .then((data) => setKnown({ text, data }))
        .catch((error: unknown) => {
          if (!aborting.signal.aborted) setKnown({ text, error: error instanceof ApiError ? error : new ApiError(0, "failed", "No preview.") });
        });
    }, PAUSE_MILLISECONDS);
    return () => {
      clearTimeout(timer);
      aborting.abort();
    };
  }, [id, text]);
  return known?.text === text ? { data: known?.data, error: known?.error } : { data: undefined, error: undefined };
}
