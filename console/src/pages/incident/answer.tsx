/** Saying what an incident was. Before it is saved, the dialog shows what the answer would have hidden. */
import { useEffect, useMemo, useState } from "react";
import { ApiError, get, post } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Answer, Draft, Incident, Preview, Reach, ScopeValue, Verdict } from "../../api/types";
import { announce } from "../../app/announce";
import { useSummary } from "../../app/session";
import { Button, Dialog, Segments } from "../../design/controls";
import { Skeleton } from "../../design/states";
import { withoutIds } from "../../words/incidents";
import { aspectName, REACHES, VERDICTS } from "../../words/names";
import { PreviewOfAnswer } from "./preview";

const MEANINGS: Record<Verdict, string> = {
  compromised: "An intruder used the account. What it did never becomes usual.",
  safe: "It was the account’s holder. These facts weigh less here from now on.",
  "expected-change": "A known change: a move, a new tool, a migration. These facts are expected for a time.",
};
const VERDICT_ORDER: readonly Verdict[] = ["compromised", "safe", "expected-change"];
const DAY = 86_400_000;
const EXPIRIES = [
  { value: "30", label: "30 days" },
  { value: "90", label: "90 days" },
  { value: "365", label: "a year" },
  { value: "never", label: "no end" },
  { value: "date", label: "a date" },
] as const;
type Expiry = (typeof EXPIRIES)[number]["value"];

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

/** The facts that an answer may speak of: each unusual one, else all. */
function factsOf(incident: Incident): ScopeValue[] {
  const facts = incident.usual.filter((row) => row.now !== "");
  const unusual = facts.filter((row) => row.is_unusual);
  return (unusual.length > 0 ? unusual : facts).map((row) => ({ aspect: row.aspect, value: row.now }));
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

  const isQuieting = answer !== undefined && answer !== "compromised";
  const now = summary ? Date.parse(summary.now) : Date.now();
  const values = facts.filter((fact) => !left.has(keyOf(fact)));
  const expires = !isQuieting || expiry === "never" ? null : expiry === "date" ? (date === "" ? null : `${date}T23:59:59Z`) : new Date(now + Number(expiry) * DAY).toISOString().slice(0, 10) + "T23:59:59Z";
  const scope = { reach: isQuieting ? reach : ("account" as const), values };
  const draft: Draft | null = answer === undefined ? null : { answer, scope, expires_at: expires };
  const preview = usePreview(incident.id, draft);
  const isIncomplete = draft === null || (isQuieting && values.length === 0) || (isQuieting && expiry === "date" && date === "");

  const save = async () => {
    if (draft === null || isIncomplete) return;
    setSaving(true);
    try {
      await post<Answer>(`/api/incidents/${encodeURIComponent(incident.id)}/answers`, { ...draft, note: note.trim() });
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
          <Button look="primary" isDisabled={isIncomplete || isSaving || (preview.data === undefined && preview.error === undefined)} onPress={() => void save()}>
            {isSaving ? "Saving…" : "Save the answer"}
          </Button>
        </>
      }
    >
      <div className={`answer-form ${isQuieting ? "has-scope" : ""}`}>
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
        {isQuieting && (
          <div className="answer-scope">
            <div className="field">
              <span className="field-label">For whom</span>
              <Segments label="For whom" options={(Object.keys(REACHES) as Reach[]).map((value) => ({ value, label: REACHES[value] }))} value={reach} onChange={setReach} />
            </div>
            <fieldset className="facts-chosen">
              <legend className="field-label">Which facts</legend>
              {facts.map((fact) => (
                <label key={keyOf(fact)} className="small">
                  <input
                    type="checkbox"
                    checked={!left.has(keyOf(fact))}
                    onChange={(event) => {
                      const next = new Set(left);
                      if (event.target.checked) next.delete(keyOf(fact));
                      else next.add(keyOf(fact));
                      setLeft(next);
                    }}
                  />
                  <span className="soft">{aspectName(fact.aspect)}</span> <span className="log-text" title={fact.value}>
                    {withoutIds(fact.value)}
                  </span>
                </label>
              ))}
            </fieldset>
            <div className="field">
              <span className="field-label">For how long</span>
              <span className="expiry">
                <Segments label="For how long" options={EXPIRIES} value={expiry} onChange={setExpiry} />
                {expiry === "date" && (
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
        {draft !== null && <PreviewOfAnswer {...preview} />}
        <div className="field answer-note">
          <label htmlFor="answer-note">Note (for colleagues and the audit)</label>
          <textarea id="answer-note" className="input" maxLength={2000} value={note} onChange={(event) => setNote(event.target.value)} />
        </div>
      </div>
    </Dialog>
  );
}

const PAUSE_MILLISECONDS = 250;

/** Ask what a draft would have done, whenever it changes. */
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
