/** Who handles the incident, how far it is, until when; tags, tasks, members and comments. */
import { useEffect, useRef, useState, type FormEvent } from "react";
import type { HandlingValue } from "../../api/types";
import { Link } from "../../app/link";
import { incidentAddress } from "../../app/router";
import { useMayAnswer } from "../../app/session";
import { Button } from "../../design/controls";
import { ErrorState, Panel, Skeleton } from "../../design/states";
import { exact, moment } from "../../words/times";
import { Comments } from "./comments";
import { Fault } from "./fault";
import { fromField, toField, useHandling, type Refused, type Send } from "./handling-state";
import { Members } from "./members";
import { Overdue } from "./overdue";
import { Tasks } from "./tasks";

type Status = HandlingValue["status"];
const STATUSES: Record<Status, string> = { new: "New", "in-progress": "In progress", waiting: "Waiting", closed: "Closed" };

export function Handling({ id }: { id: string }) {
  const { data, error, refused, reload, send } = useHandling(id);
  const mayChange = useMayAnswer();
  if (!data) return <Panel title="Handling">{error ? <ErrorState error={error} onRetry={reload} /> : <Skeleton rows={4} />}</Panel>;
  return (
    <>
      <Panel title="Handling">
        {data.part_of && (
          <p className="small">
            Part of the incident of{" "}
            <Link className="log-text" href={incidentAddress(data.part_of.id)}>
              {data.part_of.account}
            </Link>
            , which stands for it in the queue.
          </p>
        )}
        <Fault refused={refused} part="handling" />
        {mayChange ? <Form value={data} send={send} /> : <Facts value={data} />}
        <Tags value={data} send={send} refused={refused} mayChange={mayChange} />
      </Panel>
      <Tasks value={data} send={send} refused={refused} mayChange={mayChange} />
      <Members value={data} send={send} refused={refused} mayChange={mayChange} />
      <Comments value={data} send={send} refused={refused} mayChange={mayChange} />
    </>
  );
}

/** Say who changed owner, status or due time last. */
function Changed({ value }: { value: HandlingValue }) {
  if (value.changed_at === null) return <p className="soft small">Nobody handles it yet.</p>;
  return (
    <p className="soft tiny" title={exact(value.changed_at)}>
      Changed by <span className="log-text">{value.changed_by}</span>, {moment(value.changed_at)} UTC
    </p>
  );
}

function Facts({ value }: { value: HandlingValue }) {
  return (
    <>
      <p className="small">
        {STATUSES[value.status]}
        {value.owner && (
          <>
            , handled by <b className="log-text">{value.owner}</b>
          </>
        )}
        {value.due_at && `, due ${moment(value.due_at)} UTC`} {value.overdue && <Overdue />}
      </p>
      <Changed value={value} />
    </>
  );
}

function Form({ value, send }: { value: HandlingValue; send: Send }) {
  const [base, setBase] = useState(value);
  const [owner, setOwner] = useState(value.owner ?? "");
  const [status, setStatus] = useState<Status>(value.status);
  const [due, setDue] = useState(toField(value.due_at));
  const isSent = useRef(false);
  const isSame = owner.trim() === (base.owner ?? "") && status === base.status && due === toField(base.due_at);
  // What somebody types stays while others change something; once it was sent, the present values are shown.
  useEffect(() => {
    if (value.version === base.version || !(isSame || isSent.current)) return;
    isSent.current = false;
    setBase(value);
    setOwner(value.owner ?? "");
    setStatus(value.status);
    setDue(toField(value.due_at));
  }, [value, base, isSame]);
  const save = (event: FormEvent) => {
    event.preventDefault();
    if (isSame) return;
    isSent.current = true;
    void send("PUT", "handling", { version: base.version, owner: owner.trim() || null, status, due_at: fromField(due) }, "Handling saved");
  };
  return (
    <form className="handling-form" onSubmit={save}>
      <div className="field">
        <label htmlFor="handling-owner">Owner</label>
        <input id="handling-owner" className="input" value={owner} maxLength={100} list="handling-people" autoComplete="off" spellCheck={false} onChange={(event) => setOwner(event.target.value)} />
        <datalist id="handling-people">
          {value.people.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
      <div className="field">
        <label htmlFor="handling-status">Status</label>
        <select id="handling-status" className="input" value={status} onChange={(event) => setStatus(event.target.value as Status)}>
          {Object.entries(STATUSES).map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
        </select>
      </div>
      <div className="field">
        <label htmlFor="handling-due">Due, UTC {value.overdue && <Overdue />}</label>
        <input id="handling-due" className="input" type="datetime-local" value={due} onChange={(event) => setDue(event.target.value)} />
      </div>
      <div className="handling-save">
        <Button type="submit" isSmall look="primary">
          Save
        </Button>
        <Changed value={value} />
      </div>
    </form>
  );
}

interface TagsProps {
  value: HandlingValue;
  send: Send;
  refused: Refused | undefined;
  mayChange: boolean;
}

function Tags({ value, send, refused, mayChange }: TagsProps) {
  const [tag, setTag] = useState("");
  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (await send("POST", "tags", { tag }, "Tag added")) setTag("");
  };
  if (value.tags.length === 0 && !mayChange) return null;
  return (
    <section className="handling-part">
      <h3 className="small">Tags</h3>
      <Fault refused={refused} part="tags" />
      {value.tags.length > 0 && (
        <ul className="tags">
          {value.tags.map((one) => (
            <li key={one} className="tag log-text">
              {one}
              {mayChange && (
                <Button look="quiet" isSmall icon="close" aria-label={`Remove the tag ${one}`} onPress={() => void send("DELETE", `tags/${encodeURIComponent(one)}`, {}, "Tag removed")} />
              )}
            </li>
          ))}
        </ul>
      )}
      {mayChange && (
        <form className="handling-row" onSubmit={(event) => void add(event)}>
          <input className="input" aria-label="New tag" placeholder="New tag" value={tag} maxLength={40} list="handling-tags" autoComplete="off" onChange={(event) => setTag(event.target.value)} />
          <datalist id="handling-tags">
            {value.known_tags.map((one) => (
              <option key={one} value={one} />
            ))}
          </datalist>
          <Button type="submit" isSmall>
            Add the tag
          </Button>
        </form>
      )}
    </section>
  );
}
