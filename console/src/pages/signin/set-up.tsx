/** Set up an account: the first admin with the code that `seawall serve` printed, others with an invitation. */
import { useState, type FormEvent } from "react";
import { post } from "../../api/client";
import type { Session } from "../../api/types";
import { Link } from "../../app/link";
import { useRoute } from "../../app/router";
import { useKnown } from "../../app/session";
import { Button, Segments } from "../../design/controls";
import { faultText } from "../parts/faults";
import { Door, Fault } from "./door";
import { makePasskey, passkeysWork, type Options } from "./webauthn";

type Way = "passkey" | "password";

export function SetUp() {
  const { session, setSession } = useKnown();
  const { parameters } = useRoute();
  const isFirst = session?.setup_needed ?? false;
  const [code, setCode] = useState(parameters.get("code") ?? "");
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [way, setWay] = useState<Way>(passkeysWork() ? "passkey" : "password");
  const [fault, setFault] = useState<string>();
  const [isBusy, setBusy] = useState(false);

  const begin = async () => {
    const asked = { code: code.trim(), name: isFirst ? name.trim() : "" };
    if (way === "password") return post<Session>("/api/setup", { ...asked, password });
    const credential = await makePasskey(await post<Options>("/api/setup/passkey/options", asked));
    if (credential === null) throw new Error("No passkey was made. Try again, or choose a password.");
    return post<Session>("/api/setup", { ...asked, credential, label: deviceName() });
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFault(undefined);
    try {
      setSession(await begin());
    } catch (problem) {
      setFault(faultText(problem));
    }
    setBusy(false);
  };
  return (
    <Door
      title={isFirst ? "Set up Seawall" : "Begin with an invite"}
      about={isFirst ? <>Nobody can sign in yet. The code that <code>seawall serve</code> printed makes the first admin.</> : "Somebody who administers Seawall gave you a code."}
    >
      <form className="door-form" onSubmit={(event) => void submit(event)}>
        <div className="field">
          <label htmlFor="setup-code">{isFirst ? "Code" : "Invite"}</label>
          <input id="setup-code" className="input mono" autoComplete="off" autoCapitalize="none" spellCheck={false} required value={code} onChange={(event) => setCode(event.target.value)} />
        </div>
        {isFirst && (
          <div className="field">
            <label htmlFor="setup-name">Your name here</label>
            <input id="setup-name" className="input" autoComplete="username" autoCapitalize="none" spellCheck={false} required maxLength={256} value={name} onChange={(event) => setName(event.target.value)} />
          </div>
        )}
        {passkeysWork() && (
          <Segments<Way>
            label="How you will sign in"
            value={way}
            options={[
              { value: "passkey", label: "Passkey" },
              { value: "password", label: "Password" },
            ]}
            onChange={setWay}
          />
        )}
        {way === "password" ? (
          <div className="field">
            <label htmlFor="setup-password">Password</label>
            <input id="setup-password" className="input" type="password" autoComplete="new-password" minLength={12} maxLength={256} required aria-describedby="setup-password-help" value={password} onChange={(event) => setPassword(event.target.value)} />
            <span id="setup-password-help" className="small soft">
              At least 12 characters. A second factor follows.
            </span>
          </div>
        ) : (
          <p className="small soft">Your device or security key asks for your finger, face or PIN. Nothing to remember, nothing to give away.</p>
        )}
        <Fault text={fault} />
        <Button type="submit" look="primary" {...(way === "passkey" ? { icon: "key" as const } : {})} isDisabled={isBusy || code === "" || (isFirst && name === "") || (way === "password" && password.length < 12)}>
          {way === "passkey" ? "Make a passkey and begin" : "Begin"}
        </Button>
      </form>
      {!isFirst && (
        <p className="door-foot small">
          <Link href="/sign-in">I can sign in already</Link>
        </p>
      )}
    </Door>
  );
}

/** Return the default name of a passkey created here. */
export function deviceName(): string {
  const agent = navigator.userAgent;
  const system = ["Windows", "iPhone", "iPad", "Mac", "Android", "CrOS", "Linux"].find((name) => agent.includes(name)) ?? "device";
  const browser = ["Edg", "Firefox", "Chrome", "Safari"].find((name) => agent.includes(name)) ?? "browser";
  return `${browser === "Edg" ? "Edge" : browser} on ${system}`;
}
