/** The user's own passkeys, password, one-time codes and sessions. */
import { useState, type FormEvent } from "react";
import { post, remove } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Me as MeDocument, Session } from "../../api/types";
import { announce } from "../../app/announce";
import { useKnown, useSession } from "../../app/session";
import { Button } from "../../design/controls";
import { EmptyState, ErrorState, Panel, Skeleton } from "../../design/states";
import { plural } from "../../words/numbers";
import { exact, moment } from "../../words/times";
import { makePasskey, passkeysWork, type Options } from "../signin/webauthn";
import { deviceName } from "../signin/set-up";
import { useDoing } from "./doing";
import { Said } from "./said";
import { Totp } from "./totp";

export function Me() {
  const me = useResource<MeDocument>("/api/me");
  const session = useSession();
  if (session.user?.id === 0) {
    return (
      <EmptyState icon="user" title="Nobody needs to sign in on this machine">
        <p>As long as there are no users, whoever sits here is the admin. Add one under Users, and everybody signs in from then on.</p>
      </EmptyState>
    );
  }
  if (me.error && me.data === undefined) return <ErrorState error={me.error} onRetry={me.reload} />;
  if (me.data === undefined) return <Skeleton rows={8} />;
  return (
    <>
      <Passkeys me={me.data} reload={me.reload} />
      <Password me={me.data} reload={me.reload} />
      <Totp me={me.data} reload={me.reload} />
      <Sessions me={me.data} reload={me.reload} />
    </>
  );
}

interface PartProps {
  me: MeDocument;
  reload: () => void;
}

function Passkeys({ me, reload }: PartProps) {
  const { setSession } = useKnown();
  const { isBusy, fault, attempt } = useDoing();
  const [label, setLabel] = useState("");
  const add = async (event: FormEvent) => {
    event.preventDefault();
    const done = await attempt(async () => {
      const credential = await makePasskey(await post<Options>("/api/me/passkeys/options"));
      if (credential === null) throw new Error("No passkey was made. Try again when you are ready.");
      setSession(await post<Session>("/api/me/passkeys", { label: label.trim() || deviceName(), credential }));
    });
    if (done) {
      setLabel("");
      announce("The passkey is added");
      reload();
    }
  };
  const forget = async (id: string) => {
    if (await attempt(() => remove(`/api/me/passkeys/${encodeURIComponent(id)}`))) {
      announce("The passkey is removed");
      reload();
    }
  };
  return (
    <Panel title="Passkeys">
      <div>
        {me.passkeys.length === 0 && <p className="quiet-empty">None yet. A passkey cannot be guessed, phished or reused: it is the best way in.</p>}
        {me.passkeys.map((passkey) => (
          <div key={passkey.id} className="settings-line">
            <div>
              <b className="log-text">{passkey.label}</b>
              <p className="small soft">
                added {moment(passkey.created_at)} UTC, {passkey.used_at === null ? "never used" : <>last used {moment(passkey.used_at)} UTC</>}
              </p>
            </div>
            <Button isSmall look="danger" isDisabled={isBusy} aria-label={`Remove the passkey ${passkey.label}`} onPress={() => void forget(passkey.id)}>
              Remove
            </Button>
          </div>
        ))}
      </div>
      {passkeysWork() ? (
        <form className="form-row" onSubmit={(event) => void add(event)}>
          <div className="field">
            <label htmlFor="passkey-label">Name of a new one</label>
            <input id="passkey-label" className="input" value={label} placeholder={deviceName()} maxLength={100} autoComplete="off" onChange={(event) => setLabel(event.target.value)} />
          </div>
          <Button type="submit" icon="key" look={me.passkeys.length === 0 ? "primary" : "plain"} isDisabled={isBusy}>
            Add a passkey
          </Button>
        </form>
      ) : (
        <p className="small soft">Passkeys belong to a name and need a secure page: open the console as localhost, or by its name over HTTPS.</p>
      )}
      <Said fault={fault} />
    </Panel>
  );
}

function Password({ me, reload }: PartProps) {
  const { setSession } = useKnown();
  const { isBusy, fault, attempt } = useDoing();
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [isDone, setDone] = useState(false);
  const save = async (event: FormEvent) => {
    event.preventDefault();
    setDone(false);
    const done = await attempt(async () => setSession(await post<Session>("/api/me/password", { password, ...(me.has_password ? { current } : {}) })));
    if (done) {
      setCurrent("");
      setPassword("");
      setDone(true);
      announce("The password is changed");
      reload();
    }
  };
  return (
    <Panel title="Password" aside={<span className="badge">{me.has_password ? "set" : "not set"}</span>}>
      <form className="form" onSubmit={(event) => void save(event)}>
        <input className="visually-hidden" type="text" name="username" autoComplete="username" value={me.user.name} readOnly tabIndex={-1} aria-hidden="true" />
        {me.has_password && (
          <div className="field">
            <label htmlFor="password-now">Present password</label>
            <input id="password-now" className="input" type="password" autoComplete="current-password" required value={current} onChange={(event) => setCurrent(event.target.value)} />
          </div>
        )}
        <div className="field">
          <label htmlFor="password-new">New password</label>
          <input id="password-new" className="input" type="password" autoComplete="new-password" minLength={12} maxLength={256} required value={password} onChange={(event) => setPassword(event.target.value)} />
          <span className="small soft">At least 12 characters. All your other sessions end.</span>
        </div>
        <Said fault={fault} />
        {isDone && <p role="status">The password is changed.</p>}
        <div>
          <Button type="submit" isDisabled={isBusy || password.length < 12 || (me.has_password && current === "")}>
            {me.has_password ? "Change the password" : "Set a password"}
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Sessions({ me, reload }: PartProps) {
  const { reloadSession } = useKnown();
  const { isBusy, fault, attempt } = useDoing();
  const end = async (handle: string, isCurrent: boolean) => {
    if (!(await attempt(() => remove(`/api/me/sessions/${encodeURIComponent(handle)}`)))) return;
    announce("The session has ended");
    if (isCurrent) await reloadSession();
    else reload();
  };
  return (
    <Panel title="Where you are signed in" aside={<span className="small soft">{plural(me.sessions.length, "session")}</span>}>
      <div>
        {me.sessions.map((one) => (
          <div key={one.handle} className="settings-line">
            <div>
              <b className="log-text">{one.address || "unknown address"}</b> {one.current && <span className="badge badge-good">this one</span>}
              <p className="small soft log-text">{one.user_agent || "unknown browser"}</p>
              <p className="small soft">
                since {moment(one.created_at)}, seen {moment(one.seen_at)} UTC · <time dateTime={one.expires_at}>ends {exact(one.expires_at)}</time>
              </p>
            </div>
            <Button isSmall look="danger" isDisabled={isBusy} aria-label={`${one.current ? "Sign out of" : "End"} the session from ${one.address}`} onPress={() => void end(one.handle, one.current)}>
              {one.current ? "Sign out" : "End"}
            </Button>
          </div>
        ))}
      </div>
      <Said fault={fault} />
    </Panel>
  );
}
