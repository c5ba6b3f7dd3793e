/** Users and their roles. */
import { useState, type FormEvent } from "react";
import { patch, post, remove } from "../../api/client";
import { useResource } from "../../api/resource";
import type { Invitation, Role, User } from "../../api/types";
import { announce } from "../../app/announce";
import { useKnown, useSession } from "../../app/session";
import { Button, CopyButton, Dialog } from "../../design/controls";
import { ErrorState, Notice, Panel, Skeleton } from "../../design/states";
import { plural } from "../../words/numbers";
import { exact, moment } from "../../words/times";
import { useDoing } from "./doing";
import { Limits } from "./limits";
import { Said } from "./said";

const ROLES: readonly { value: Role; label: string }[] = [
  { value: "viewer", label: "viewer: reads" },
  { value: "analyst", label: "analyst: answers too" },
  { value: "admin", label: "admin: everything" },
];

export function Users() {
  const users = useResource<{ items: User[] }>("/api/users");
  const session = useSession();
  const { reloadSession } = useKnown();
  const { isBusy, fault, attempt } = useDoing();
  const [invited, setInvited] = useState<(Invitation & { name: string }) | null>(null);
  const [limiting, setLimiting] = useState<User | null>(null);
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("analyst");

  const change = async (what: () => Promise<unknown>, words: string) => {
    if (await attempt(what)) announce(words);
    users.reload();
  };
  const invite = async (user: User) => {
    await attempt(async () => setInvited({ ...(await post<Invitation>(`/api/users/${user.id}/invite`)), name: user.name }));
    users.reload();
  };
  const add = async (event: FormEvent) => {
    event.preventDefault();
    const done = await attempt(async () => {
      const user = await post<User>("/api/users", { name: name.trim(), role });
      setInvited({ ...(await post<Invitation>(`/api/users/${user.id}/invite`)), name: user.name });
    });
    if (done) setName("");
    users.reload();
  };
  if (users.error && users.data === undefined) return <ErrorState error={users.error} onRetry={users.reload} />;
  if (users.data === undefined) return <Skeleton rows={6} />;
  const isLocal = session.user?.id === 0;
  return (
    <>
      <Panel title="Users" aside={<span className="small soft">{plural(users.data.items.length, "user")}</span>}>
        {users.data.items.length === 0 && (
          <Notice>
            There are no users: whoever sits at this machine is the admin. The first user is an admin, and from then on everybody signs in.
          </Notice>
        )}
        <div>
          {users.data.items.map((user) => (
            <Line key={user.id} user={user} isMe={user.id === session.user?.id} isBusy={isBusy} change={change} invite={invite} limit={setLimiting} />
          ))}
        </div>
        <Said fault={fault} />
      </Panel>
      <Panel title="Add a user">
        <form className="form-row" onSubmit={(event) => void add(event)}>
          <div className="field">
            <label htmlFor="user-name">Name</label>
            <input id="user-name" className="input" value={name} maxLength={256} required autoComplete="off" spellCheck={false} onChange={(event) => setName(event.target.value)} />
          </div>
          <div className="field">
            <label htmlFor="user-role">Role</label>
            <select id="user-role" className="input" value={users.data.items.length === 0 ? "admin" : role} disabled={users.data.items.length === 0} onChange={(event) => setRole(event.target.value as Role)}>
              {ROLES.map((one) => (
                <option key={one.value} value={one.value}>
                  {one.label}
                </option>
              ))}
            </select>
          </div>
          <Button type="submit" look="primary" isDisabled={isBusy || name.trim() === ""}>
            Add and invite
          </Button>
        </form>
      </Panel>
      {limiting !== null && <Limits user={limiting} isBusy={isBusy} change={change} onClose={() => setLimiting(null)} />}
      <Dialog
        title="An invite, shown this once"
        isOpen={invited !== null}
        onClose={() => {
          setInvited(null);
          if (isLocal) void reloadSession();
        }}
        foot={invited && <CopyButton isSmall={false} look="primary" label="Copy the invite" text={inviteText(invited)} />}
      >
        {invited && (
          <div className="form">
            <p>
              For <b className="log-text">{invited.name}</b>, until {exact(invited.expires_at)}. Whoever has it can sign in as them: hand it over in person or in a message that only they read.
            </p>
            <code className="secret">{invited.code}</code>
            <p className="small soft">It is used at {window.location.origin}/setup. Passkeys, password and one-time codes that they had before are removed.</p>
          </div>
        )}
      </Dialog>
    </>
  );
}

function inviteText(invited: Invitation): string {
  return `${window.location.origin}/setup\n${invited.code}`;
}

interface LineProps {
  user: User;
  isMe: boolean;
  isBusy: boolean;
  change: (what: () => Promise<unknown>, words: string) => Promise<void>;
  invite: (user: User) => Promise<void>;
  limit: (user: User) => void;
}

function Line({ user, isMe, isBusy, change, invite, limit }: LineProps) {
  const ways = [
    user.passkeys > 0 ? plural(user.passkeys, "passkey") : "",
    user.has_password ? "password" : "",
    user.has_totp ? "one-time codes" : "",
    user.has_identity ? "organisation’s sign-in" : "",
  ].filter(Boolean);
  return (
    <div className="settings-line">
      <div>
        <b className="log-text">{user.name}</b> {isMe && <span className="badge">you</span>} {user.disabled && <span className="badge badge-bad">disabled</span>}
        <p className="small soft">
          {ways.length > 0 ? ways.join(", ") : user.invited_until ? `invited until ${moment(user.invited_until)} UTC` : "cannot sign in yet: invite them"}
          {user.organisations !== null && (
            <>
              {" "}
              · sees <span className="log-text">{user.organisations.join(", ")}</span>
            </>
          )}
          {user.seen_at && ` · seen ${moment(user.seen_at)} UTC`}
        </p>
      </div>
      <div className="settings-tools">
        <select
          className="input"
          aria-label={`Role of ${user.name}`}
          value={user.role}
          disabled={isBusy || isMe}
          onChange={(event) => void change(() => patch(`/api/users/${user.id}`, { role: event.target.value }), "The role is changed")}
        >
          {ROLES.map((one) => (
            <option key={one.value} value={one.value}>
              {one.value}
            </option>
          ))}
        </select>
        {user.role !== "admin" && (
          <Button isSmall isDisabled={isBusy} aria-label={`Organisations of ${user.name}`} onPress={() => limit(user)}>
            Organisations
          </Button>
        )}
        <Button isSmall isDisabled={isBusy || user.disabled} aria-label={`Invite ${user.name}`} onPress={() => void invite(user)}>
          Invite
        </Button>
        <Button isSmall isDisabled={isBusy || user.sessions === 0} aria-label={`Sign out ${user.name} everywhere`} onPress={() => void change(() => remove(`/api/users/${user.id}/sessions`), "Their sessions have ended")}>
          Sign out
        </Button>
        {!isMe && (
          <Button
            isSmall
            look={user.disabled ? "plain" : "danger"}
            isDisabled={isBusy}
            aria-label={`${user.disabled ? "Enable" : "Disable"} ${user.name}`}
            onPress={() => void change(() => patch(`/api/users/${user.id}`, { disabled: !user.disabled }), user.disabled ? "Enabled" : "Disabled")}
          >
            {user.disabled ? "Enable" : "Disable"}
          </Button>
        )}
      </div>
    </div>
  );
}
