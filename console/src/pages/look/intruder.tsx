/** Values that are the intruder's: save them as indicators, and search from them who else was touched. */
import { useId, useState, type FormEvent } from "react";
import { address, post, remove } from "../../api/client";
import { refresh, useResource } from "../../api/resource";
import type { Indicators, IndicatorValue } from "../../api/types";
import { announce } from "../../app/announce";
import { useMayAnswer } from "../../app/session";
import { Button } from "../../design/controls";
import { Panel } from "../../design/states";
import { exact, moment } from "../../words/times";
import { ScopePanel } from "../incident/scope";
import { faultText } from "../parts/faults";
import "../incident/response.css";
import "./look.css";

export const INDICATORS = "/api/indicators";
const MINUTE = 16;

interface IntrudersProps {
  /** The value as look-ups write it, and when records show it. */
  subject: string;
  first: string;
  last: string;
  /** Whether owners show such values too, so that the time matters. */
  isOwnersToo: boolean;
}

/** Saving a value as an indicator, and the search from it; for analysts. */
export function Intruders({ subject, first, last, isOwnersToo }: IntrudersProps) {
  const mayChange = useMayAnswer();
  const [from, setFrom] = useState(first.slice(0, MINUTE));
  const saved = useResource<Indicators>(INDICATORS);
  const mine = saved.data?.items.filter((one) => one.subject === subject) ?? [];
  const since = from ? `${from}:00Z` : first;
  if (!mayChange) return mine.length > 0 ? <Panel title="Saved as an indicator">{mine.map((one) => <SavedLine key={one.id} one={one} />)}</Panel> : null;
  return (
    <div className="look-intruder">
      <Panel title={mine.length > 0 ? "Saved as an indicator" : "Is it the intruder’s?"}>
        {mine.map((one) => (
          <SavedLine key={one.id} one={one} mayChange />
        ))}
        <SaveForm subject={subject} from={from} since={since} onFrom={setFrom} isOwnersToo={isOwnersToo} isSaved={mine.length > 0} />
      </Panel>
      <ScopeFrom subjects={[subject]} from={since} to={last > since ? last : null} begin="Search from this value" />
    </div>
  );
}

/** The search for who else was touched, from some values. */
export function ScopeFrom({ subjects, from, to, begin }: { subjects: readonly string[]; from: string; to: string | null; begin: string }) {
  const at = (path: string) => address(path, { subject: subjects });
  return (
    <ScopePanel
      key={subjects.join(" ")}
      path={at("/api/scope")}
      start={{ path: "/api/scope", body: { subject: subjects, from, ...(to === null ? {} : { to }) } }}
      files={{ scope: at("/api/scope.json"), messages: at("/api/messages.csv") }}
      about={`Follow ${subjects.length === 1 ? "it" : "them"} through every stored account and mailbox, from 60 days before ${moment(from)} UTC to ${to === null ? "now" : "14 days after it was last seen"}, and say who is proved touched, who may be, and who is proved not to be.`}
      begin={begin}
    />
  );
}

interface SaveFormProps {
  subject: string;
  from: string;
  since: string;
  onFrom: (from: string) => void;
  isOwnersToo: boolean;
  isSaved: boolean;
}

function SaveForm({ subject, from, since, onFrom, isOwnersToo, isSaved }: SaveFormProps) {
  const id = useId();
  const [note, setNote] = useState("");
  const [fault, setFault] = useState<string>();
  const save = async (event: FormEvent) => {
    event.preventDefault();
    try {
      await post(INDICATORS, { subject, from: since, note: note.trim() });
      setFault(undefined);
      setNote("");
      announce("Saved as an indicator");
    } catch (problem) {
      setFault(faultText(problem));
    }
    refresh(INDICATORS);
  };
  return (
    <form className="form" onSubmit={(event) => void save(event)}>
      {isOwnersToo && <p className="small soft">Owners have it too: say from when on it is the intruder’s.</p>}
      <div className="form-row">
        <div className="field">
          <label htmlFor={`${id}-from`}>The intruder’s since, UTC</label>
          <input id={`${id}-from`} className="input" type="datetime-local" required value={from} onChange={(event) => onFrom(event.target.value)} />
        </div>
        <div className="field">
          <label htmlFor={`${id}-note`}>Note</label>
          <input id={`${id}-note`} className="input" maxLength={2000} autoComplete="off" value={note} onChange={(event) => setNote(event.target.value)} />
        </div>
      </div>
      {fault && (
        <p className="field-fault" role="alert">
          {fault}
        </p>
      )}
      <div>
        <Button icon="star" type="submit" isDisabled={from === ""}>
          {isSaved ? "Save again" : "Save as an indicator"}
        </Button>
      </div>
    </form>
  );
}

/** Since when a value is the intruder's, who said so, and why. */
export function SavedLine({ one, mayChange = false }: { one: IndicatorValue; mayChange?: boolean }) {
  const [fault, setFault] = useState<string>();
  const forget = async () => {
    try {
      await remove(`${INDICATORS}/${encodeURIComponent(one.id)}`);
      announce("The indicator is removed");
    } catch (problem) {
      setFault(faultText(problem));
    }
    refresh(INDICATORS);
  };
  return (
    <div className="look-saved small">
      <p>
        The intruder’s since{" "}
        <time dateTime={one.since} title={exact(one.since)}>
          {moment(one.since)} UTC
        </time>
        {one.tenant && <> in {one.tenant}</>}, says <span className="log-text">{one.by}</span>
        {one.note && (
          <>
            : <span className="log-text">{one.note}</span>
          </>
        )}
      </p>
      {mayChange && (
        <Button look="quiet" isSmall aria-label={`Remove the indicator ${one.subject}`} onPress={() => void forget()}>
          Remove
        </Button>
      )}
      {fault && (
        <p className="field-fault" role="alert">
          {fault}
        </p>
      )}
    </div>
  );
}
