/** Set up one-time codes: the secret is shown once, as QR code and text, and stored after its first valid code. */
import { useMemo, useState, type FormEvent } from "react";
import { post, remove } from "../../api/client";
import type { Me, Session } from "../../api/types";
import { announce } from "../../app/announce";
import { useKnown } from "../../app/session";
import { Button, CopyButton } from "../../design/controls";
import { Panel } from "../../design/states";
import { useDoing } from "./doing";
import { Said } from "./said";
import { qrModules } from "./qr";

interface Begun {
  uri: string;
  secret: string;
}

export function Totp({ me, reload }: { me: Me; reload: () => void }) {
  const { setSession } = useKnown();
  const { isBusy, fault, attempt } = useDoing();
  const [begun, setBegun] = useState<Begun | null>(null);
  const [code, setCode] = useState("");
  const begin = () => attempt(async () => setBegun(await post<Begun>("/api/me/totp")));
  const confirm = async (event: FormEvent) => {
    event.preventDefault();
    const done = await attempt(async () => setSession(await post<Session>("/api/me/totp/confirm", { code: code.trim() })));
    if (!done) return;
    setBegun(null);
    setCode("");
    announce("One-time codes are on");
    reload();
  };
  const forget = async () => {
    if (await attempt(() => remove("/api/me/totp"))) {
      announce("One-time codes are off");
      reload();
    }
  };
  return (
    <Panel title="One-time codes" aside={<span className={me.has_totp ? "badge badge-good" : "badge"}>{me.has_totp ? "on" : "off"}</span>}>
      {begun === null ? (
        <div className="settings-line">
          <div>
            <p>{me.has_totp ? "Asked for after the password." : "Six digits from an app, asked for after the password."}</p>
          </div>
          {me.has_totp ? (
            <Button look="danger" isSmall isDisabled={isBusy} onPress={() => void forget()}>
              Switch off
            </Button>
          ) : (
            <Button isDisabled={isBusy} onPress={() => void begin()}>
              Set up
            </Button>
          )}
        </div>
      ) : (
        <div className="totp">
          <Qr text={begun.uri} />
          <div>
            <p className="small">Scan this with an authenticator app, or type the secret into it. It is shown this once.</p>
            <code className="secret">{begun.secret}</code>
            <div className="settings-tools">
              <CopyButton text={begun.secret} label="Copy the secret" />
              <a className="button button-small" href={begun.uri}>
                Open an app
              </a>
            </div>
            <form className="form-row" onSubmit={(event) => void confirm(event)}>
              <div className="field">
                <label htmlFor="totp-code">The code that it shows</label>
                <input id="totp-code" className="input mono" inputMode="numeric" autoComplete="one-time-code" maxLength={9} required value={code} onChange={(event) => setCode(event.target.value)} />
              </div>
              <Button type="submit" look="primary" isDisabled={isBusy || code.trim() === ""}>
                Confirm
              </Button>
            </form>
          </div>
        </div>
      )}
      <Said fault={fault} />
    </Panel>
  );
}

function Qr({ text }: { text: string }) {
  const modules = useMemo(() => {
    try {
      return qrModules(text);
    } catch {
      return null;
    }
  }, [text]);
  if (modules === null) return null;
  const path = modules.map((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : "")).join("")).join("");
  return (
    <svg className="qr" viewBox={`0 0 ${modules.length} ${modules.length}`} role="img" aria-label="QR code of the secret" shapeRendering="crispEdges">
      <path d={path} fill="#000" />
    </svg>
  );
}
