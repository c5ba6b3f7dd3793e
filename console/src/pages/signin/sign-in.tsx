/** Sign in: by passkey first, by password and one-time code, or at the organisation's identity provider. */
import { useEffect, useRef, useState, type FormEvent } from "react";
import { ApiError, post } from "../../api/client";
import type { Session } from "../../api/types";
import { Link } from "../../app/link";
import { rememberPlace, useRoute } from "../../app/router";
import { useKnown } from "../../app/session";
import { Button } from "../../design/controls";
import { faultText } from "../parts/faults";
import { Door, Fault } from "./door";
import { passkeysWork, usePasskey, type Options } from "./webauthn";

/** Explanations of the server's error codes after a failed sign-in at the identity provider. */
const PROBLEMS: Record<string, string> = {
  "provider-away": "Your organisation’s sign-in cannot be reached now. Try again in a while, or sign in another way.",
  "refused-there": "Your organisation did not let you in, or you turned back there.",
  "took-too-long": "That took too long, or was begun in another browser. Try again.",
  "token-refused": "What your organisation answered does not fit. An admin finds the reason in the audit trail.",
  "no-role": "Your organisation gives you no role here. Ask an admin.",
  "no-name": "Your organisation does not say who you are. Ask an admin.",
  "name-taken": "Somebody else has your name here. Ask an admin.",
  disabled: "You may not sign in here any more. Ask an admin.",
};

export function SignIn() {
  const { session, setSession } = useKnown();
  const { parameters } = useRoute();
  const [fault, setFault] = useState<string>();
  const [isBusy, setBusy] = useState(false);
  const methods = session?.methods ?? [];
  const hasPasskeys = methods.includes("passkey") && passkeysWork();
  const [isPassword, setPassword] = useState(!hasPasskeys);
  const problem = parameters.get("problem");

  const attempt = async (way: () => Promise<Session | null>) => {
    setBusy(true);
    setFault(undefined);
    try {
      const fresh = await way();
      if (fresh !== null) {
        rememberPlace(null);
        setSession(fresh);
      }
    } catch (problem) {
      setFault(faultText(problem));
    }
    setBusy(false);
  };
  const byPasskey = () =>
    attempt(async () => {
      const credential = await usePasskey(await post<Options>("/api/sign-in/passkey/options"));
      if (credential === null) {
        setFault("No passkey was used. Try again, or sign in another way.");
        return null;
      }
      return post<Session>("/api/sign-in/passkey", { credential });
    });
  return (
    <Door title="Sign in" about={session?.demo ? "A made-up organisation, arriving live." : undefined}>
      {problem !== null && <Fault text={PROBLEMS[problem] ?? "The sign-in at your organisation did not work. Try again, or ask an admin."} />}
      {hasPasskeys && (
        <Button look="primary" icon="key" isDisabled={isBusy} onPress={() => void byPasskey()}>
          Sign in with a passkey
        </Button>
      )}
      {methods.includes("oidc") && (
        <a className="button" href="/api/sign-in/oidc" onClick={() => rememberPlace(parameters.get("next"))}>
          Sign in at your organisation
        </a>
      )}
      {methods.includes("password") && (hasPasskeys || methods.includes("oidc")) && <p className="door-or">or</p>}
      {methods.includes("password") &&
        (isPassword ? (
          <PasswordForm isBusy={isBusy} attempt={attempt} />
        ) : (
          <Button look="quiet" onPress={() => setPassword(true)}>
            Sign in with a password
          </Button>
        ))}
      <Fault text={fault} />
      <p className="door-foot small soft">
        <Link href="/setup">I have an invite</Link>
        {methods.length > 0 && !methods.includes("passkey") && <> · Passkeys need a name: open the console as localhost or by its name.</>}
      </p>
    </Door>
  );
}

function PasswordForm({ isBusy, attempt }: { isBusy: boolean; attempt: (way: () => Promise<Session | null>) => Promise<void> }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [wantsCode, setWantsCode] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  const second = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);
  useEffect(() => {
    if (wantsCode) second.current?.focus();
  }, [wantsCode]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void attempt(async () => {
      try {
        return await post<Session>("/api/sign-in/password", { name: name.trim(), password, ...(wantsCode ? { code: code.trim() } : {}) });
      } catch (fault) {
        if (!(fault instanceof ApiError) || fault.code !== "second-factor-required") {
          setCode("");
          throw fault;
        }
        setWantsCode(true);
        return null;
      }
    });
  };
  return (
    <form className="door-form" onSubmit={submit}>
      <div className="field">
        <label htmlFor="sign-in-name">Name</label>
        <input ref={first} id="sign-in-name" className="input" name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required value={name} onChange={(event) => setName(event.target.value)} />
      </div>
      <div className="field">
        <label htmlFor="sign-in-password">Password</label>
        <input id="sign-in-password" className="input" type="password" name="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
      </div>
      {wantsCode && (
        <div className="field">
          <label htmlFor="sign-in-code">One-time code</label>
          <input ref={second} id="sign-in-code" className="input door-code" inputMode="numeric" autoComplete="one-time-code" pattern="[0-9 ]*" maxLength={9} required value={code} onChange={(event) => setCode(event.target.value)} />
        </div>
      )}
      <Button type="submit" look={wantsCode || !passkeysWork() ? "primary" : "plain"} isDisabled={isBusy || name === "" || password === "" || (wantsCode && code === "")}>
        {isBusy ? "Signing in…" : "Sign in"}
      </Button>
    </form>
  );
}
