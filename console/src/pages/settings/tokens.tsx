/** Tokens with which collectors deliver records: created here, shown once. */
import { useState, type FormEvent } from "react";
import { post, remove } from "../../api/client";
import { useResource } from "../../api/resource";
import type { IngestToken } from "../../api/types";
import { announce } from "../../app/announce";
import { useSession } from "../../app/session";
import { Button, CopyButton, Dialog } from "../../design/controls";
import { ErrorState, Notice, Panel, Skeleton } from "../../design/states";
import { moment } from "../../words/times";
import { useDoing } from "./doing";
import { Said } from "./said";

export function Tokens() {
  const tokens = useResource<{ items: IngestToken[] }>("/api/ingest-tokens");
  const session = useSession();
  const { isBusy, fault, attempt } = useDoing();
  const [name, setName] = useState("");
  const [made, setMade] = useState<{ name: string; token: string } | null>(null);
  const add = async (event: FormEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    const done = await attempt(async () => {
      const { token } = await post<{ token: string }>("/api/ingest-tokens", { name: wanted });
      setMade({ name: wanted, token });
    });
    if (done) setName("");
    tokens.reload();
  };
  const revoke = async (token: IngestToken) => {
    if (await attempt(() => remove(`/api/ingest-tokens/${encodeURIComponent(token.name)}`))) announce("The token is revoked");
    tokens.reload();
  };
  if (tokens.error && tokens.data === undefined) return <ErrorState error={tokens.error} onRetry={tokens.reload} />;
  if (tokens.data === undefined) return <Skeleton rows={5} />;
  return (
    <>
      {!session.ingest_enabled && <Notice tone="warning">This server takes no records over HTTP: it was started without ingest.</Notice>}
      <Panel title="Tokens of collectors">
        <div>
          {tokens.data.items.length === 0 && (
            <p className="quiet-empty">
              None yet. A collector needs one to post records to <code>/api/ingest</code>; files dropped into a watched folder need none.
            </p>
          )}
          {tokens.data.items.map((token) => (
            <div key={`${token.name} ${token.created_at}`} className="settings-line">
              <div>
                <b className="log-text">{token.name}</b> {token.revoked_at && <span className="badge badge-bad">revoked</span>}
                <p className="small soft">
                  made {moment(token.created_at)} UTC{token.created_by ? ` by ${token.created_by}` : ""} ·{" "}
                  {token.revoked_at ? `revoked ${moment(token.revoked_at)} UTC` : token.last_used_at ? `last used ${moment(token.last_used_at)} UTC` : "never used"}
                </p>
              </div>
              {!token.revoked_at && (
                <Button isSmall look="danger" isDisabled={isBusy} aria-label={`Revoke the token ${token.name}`} onPress={() => void revoke(token)}>
                  Revoke
                </Button>
              )}
            </div>
          ))}
        </div>
        <form className="form-row" onSubmit={(event) => void add(event)}>
          <div className="field">
            <label htmlFor="token-name">Name of the collector</label>
            <input id="token-name" className="input" value={name} maxLength={100} required autoComplete="off" spellCheck={false} onChange={(event) => setName(event.target.value)} />
          </div>
          <Button type="submit" look="primary" isDisabled={isBusy || name.trim() === ""}>
            Make a token
          </Button>
        </form>
        <Said fault={fault} />
      </Panel>
      <Dialog title="A token, shown this once" isOpen={made !== null} onClose={() => setMade(null)} isWide>
        {made && (
          <div className="form" style={{ maxWidth: "none" }}>
            <p>
              For <b className="log-text">{made.name}</b>. It delivers records and can do nothing else. It is not kept here: copy it now.
            </p>
            <code className="secret">{made.token}</code>
            <div>
              <CopyButton text={made.token} label="Copy the token" />
            </div>
            <p>Try it:</p>
            <code className="secret">{curl(made.token)}</code>
            <div>
              <CopyButton text={curl(made.token)} label="Copy the command" />
            </div>
          </div>
        )}
      </Dialog>
    </>
  );
}

/** Return a shell command that uploads a compressed file of records. */
function curl(token: string): string {
  return [
    "gzip -c records.jsonl | curl --fail-with-body",
    `  -H 'Authorization: Bearer ${token}'`,
    "  -H 'Content-Type: application/x-ndjson' -H 'Content-Encoding: gzip'",
    `  --data-binary @- ${window.location.origin}/api/ingest`,
  ].join(" \\\n");
}
