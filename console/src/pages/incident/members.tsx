/** The incidents that were merged into this one, each with a way to split it again. */
import { useState, type FormEvent } from "react";
import type { HandlingValue } from "../../api/types";
import { Link } from "../../app/link";
import { incidentAddress } from "../../app/router";
import { Button } from "../../design/controls";
import { SeverityMark } from "../../design/marks";
import { Panel } from "../../design/states";
import { VERDICTS } from "../../words/names";
import { moment } from "../../words/times";
import { Fault } from "./fault";
import type { Refused, Send } from "./handling-state";

interface Props {
  value: HandlingValue;
  send: Send;
  refused: Refused | undefined;
  mayChange: boolean;
}

export function Members({ value, send, refused, mayChange }: Props) {
  const isMember = value.part_of !== null;
  if (value.members.length === 0 && (!mayChange || isMember)) return null;
  return (
    <Panel title="Merged incidents">
      <Fault refused={refused} part="members" />
      {value.members.length === 0 && <p className="soft small">Does another incident belong to the same attack? Merge it: it leaves the queue and stays readable.</p>}
      <ul className="members">
        {value.members.map((member) => (
          <li key={member.incident.id}>
            <p className="shared-account small">
              <SeverityMark severity={member.incident.severity} />
              <Link className="clip log-text" href={incidentAddress(member.incident.id)}>
                {member.incident.account}
              </Link>
              {mayChange && (
                <Button look="quiet" isSmall aria-label={`Split the incident of ${member.incident.account}`} onPress={() => void send("DELETE", `members/${encodeURIComponent(member.incident.id)}`, {}, "Incident split")}>
                  Split
                </Button>
              )}
            </p>
            <p className="small soft log-text">
              {member.answer ? VERDICTS[member.answer] : "Not answered"} · merged by {member.given_by}, {moment(member.given_at)} UTC
              {member.note && `: ${member.note}`}
            </p>
          </li>
        ))}
      </ul>
      {mayChange && !isMember && <Merge send={send} />}
    </Panel>
  );
}

/** Return the id of an incident from what was typed: the id, or the address of its page. */
export function idOf(text: string): string {
  const plain = text.trim();
  const found = /\/incidents\/([^/?#]+)|[?&]incident=([^&#]+)/.exec(plain);
  try {
    return decodeURIComponent(found?.[1] ?? found?.[2] ?? plain);
  } catch {
    return plain;
  }
}

function Merge({ send }: { send: Send }) {
  const [incident, setIncident] = useState("");
  const [note, setNote] = useState("");
  const merge = async (event: FormEvent) => {
    event.preventDefault();
    if (await send("POST", "members", { incident: idOf(incident), note }, "Incident merged")) {
      setIncident("");
      setNote("");
    }
  };
  return (
    <form className="handling-form" onSubmit={(event) => void merge(event)}>
      <div className="field is-wide">
        <label htmlFor="merge-incident">Merge another incident: its link or id</label>
        <input id="merge-incident" className="input" value={incident} autoComplete="off" spellCheck={false} onChange={(event) => setIncident(event.target.value)} />
      </div>
      <div className="field is-wide">
        <label htmlFor="merge-note">Why they belong together</label>
        <input id="merge-note" className="input" value={note} maxLength={1000} autoComplete="off" onChange={(event) => setNote(event.target.value)} />
      </div>
      <div className="handling-save">
        <Button type="submit" isSmall>
          Merge
        </Button>
      </div>
    </form>
  );
}
