/** Pseudonyms: whether this user sees them, whom he has revealed, and for admins which roles see them. */
import { useState, type FormEvent } from "react";
import { post, put } from "../../api/client";
import { refresh, useResource } from "../../api/resource";
import type { PrivacySettings, PrivacyValue, RevealValue, Role } from "../../api/types";
import { announce } from "../../app/announce";
import { useParameter } from "../../app/router";
import { useIsAdmin } from "../../app/session";
import { Button } from "../../design/controls";
import { ErrorState, Notice, Panel, Skeleton } from "../../design/states";
import { moment } from "../../words/times";
import { useDoing } from "./doing";
import { Said } from "./said";

const ROLES: readonly Role[] = ["viewer", "analyst", "admin"];
const MINUTES = [5, 15, 30, 60, 120, 240, 480];

export function Privacy() {
  const isAdmin = useIsAdmin();
  const privacy = useResource<PrivacyValue>("/api/privacy");
  if (privacy.error && privacy.data === undefined) return <ErrorState error={privacy.error} onRetry={privacy.reload} />;
  if (privacy.data === undefined) return <Skeleton rows={5} />;
  return (
    <>
      <Panel title="Names of persons">
        {privacy.data.sees_pseudonyms ? (
          <Reveals privacy={privacy.data} />
        ) : (
          <p className="quiet-empty">
            You see names as they are.{" "}
            {privacy.data.settings.pseudonyms_for.length === 0
              ? "Nobody sees pseudonyms yet. An admin can choose the roles that do."
              : `Pseudonyms are shown to: ${privacy.data.settings.pseudonyms_for.join(", ")}.`}
          </p>
        )}
      </Panel>
      {isAdmin && <Roles key={JSON.stringify(privacy.data.settings)} settings={privacy.data.settings} />}
    </>
  );
}

function Reveals({ privacy }: { privacy: PrivacyValue }) {
  return (
    <>
      <p>
        You see pseudonyms such as <code>person K7Q2-M4XD</code> in place of names. One person always has the same pseudonym; search for it as you would for a name.
      </p>
      {privacy.may_reveal ? (
        <RevealForm longest={privacy.settings.reveal_minutes} />
      ) : (
        <Notice>Your role may not reveal persons. Ask somebody whose role may: {privacy.settings.reveal_for.join(", ") || "no role may yet"}.</Notice>
      )}
      {privacy.reveals.map((reveal) => (
        <Revealed key={reveal.person} reveal={reveal} />
      ))}
    </>
  );
}

/** Everything that is shown may hold the person's name, or hide it again. */
function readAgain(): void {
  refresh("/api/");
}

function RevealForm({ longest }: { longest: number }) {
  const { isBusy, fault, attempt } = useDoing();
  const [asked] = useParameter("person", "");
  const [person, setPerson] = useState(asked);
  const [reason, setReason] = useState("");
  const choices = MINUTES.filter((minutes) => minutes < longest).concat(longest);
  const [minutes, setMinutes] = useState(Math.min(30, longest));
  const reveal = async (event: FormEvent) => {
    event.preventDefault();
    if (await attempt(() => post("/api/privacy/reveals", { person: person.trim(), reason: reason.trim(), minutes }))) {
      announce("The person is revealed to you");
      setPerson("");
      setReason("");
      readAgain();
    }
  };
  return (
    <form className="form" onSubmit={(event) => void reveal(event)}>
      <div className="field">
        <label htmlFor="reveal-person">Pseudonym</label>
        <input id="reveal-person" className="input" value={person} required maxLength={200} placeholder="person K7Q2-M4XD" autoComplete="off" spellCheck={false} onChange={(event) => setPerson(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="reveal-reason">Reason, for the audit trail</label>
        <input id="reveal-reason" className="input" value={reason} required minLength={5} maxLength={500} placeholder="incident 42, call the owner" autoComplete="off" onChange={(event) => setReason(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="reveal-minutes">For how long</label>
        <select id="reveal-minutes" className="input" value={minutes} onChange={(event) => setMinutes(Number(event.target.value))}>
          {choices.map((one) => (
            <option key={one} value={one}>
              {one} minutes
            </option>
          ))}
        </select>
      </div>
      <Said fault={fault} />
      <div>
        <Button type="submit" look="primary" isDisabled={isBusy || person.trim() === "" || reason.trim().length < 5}>
          Reveal this person
        </Button>
      </div>
    </form>
  );
}

function Revealed({ reveal }: { reveal: RevealValue }) {
  const { isBusy, fault, attempt } = useDoing();
  const hide = async () => {
    if (await attempt(() => post("/api/privacy/hides", { person: reveal.name }))) {
      announce("The person is hidden again");
      readAgain();
    }
  };
  return (
    <div className="settings-line">
      <div>
        <b className="log-text">{reveal.name}</b> <span className="badge">{reveal.person}</span>
        <p className="small soft">
          until {moment(reveal.until)} UTC · <span className="log-text">{reveal.reason}</span>
        </p>
        <Said fault={fault} />
      </div>
      <Button isSmall isDisabled={isBusy} aria-label={`Hide again: ${reveal.person}`} onPress={() => void hide()}>
        Hide again
      </Button>
    </div>
  );
}

function Roles({ settings }: { settings: PrivacySettings }) {
  const { isBusy, fault, attempt } = useDoing();
  const [hidden, setHidden] = useState<readonly Role[]>(settings.pseudonyms_for);
  const [revealing, setRevealing] = useState<readonly Role[]>(settings.reveal_for);
  const [minutes, setMinutes] = useState(settings.reveal_minutes);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const asked = { pseudonyms_for: hidden, reveal_for: revealing.filter((role) => hidden.includes(role)), reveal_minutes: minutes };
    if (await attempt(() => put("/api/privacy", asked))) {
      announce("The setting is saved");
      readAgain();
    }
  };
  return (
    <Panel title="Who sees pseudonyms">
      <form className="form" onSubmit={(event) => void save(event)}>
        <RoleBoxes legend="These roles see pseudonyms" chosen={hidden} onChange={setHidden} />
        <RoleBoxes legend="Of these, these may reveal a person" chosen={revealing.filter((role) => hidden.includes(role))} onChange={setRevealing} allowed={hidden} />
        <div className="field">
          <label htmlFor="reveal-longest">A reveal lasts at most, in minutes</label>
          <input id="reveal-longest" className="input" type="number" min={1} max={480} required value={minutes} onChange={(event) => setMinutes(Number(event.target.value))} />
        </div>
        <Said fault={fault} />
        <div>
          <Button type="submit" look="primary" isDisabled={isBusy}>
            Save
          </Button>
        </div>
      </form>
    </Panel>
  );
}

interface RoleBoxesProps {
  legend: string;
  chosen: readonly Role[];
  onChange: (roles: readonly Role[]) => void;
  allowed?: readonly Role[];
}

function RoleBoxes({ legend, chosen, onChange, allowed = ROLES }: RoleBoxesProps) {
  return (
    <fieldset className="role-boxes">
      <legend>{legend}</legend>
      {ROLES.map((role) => (
        <label key={role}>
          <input
            type="checkbox"
            checked={chosen.includes(role)}
            disabled={!allowed.includes(role)}
            onChange={(event) => onChange(event.target.checked ? [...chosen, role] : chosen.filter((one) => one !== role))}
          />{" "}
          {role}
        </label>
      ))}
    </fieldset>
  );
}
