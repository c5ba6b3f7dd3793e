/** Limit a user to organisations: one name a line; none of them sees all. */
import { useState } from "react";
import { patch } from "../../api/client";
import type { User } from "../../api/types";
import { useSummary } from "../../app/session";
import { Button, Dialog } from "../../design/controls";

interface LimitsProps {
  user: User;
  isBusy: boolean;
  change: (what: () => Promise<unknown>, words: string) => Promise<void>;
  onClose: () => void;
}

export function Limits({ user, isBusy, change, onClose }: LimitsProps) {
  const [text, setText] = useState((user.organisations ?? []).join("\n"));
  const known = useSummary()?.tenants ?? [];
  const names = [...new Set(text.split("\n").map((one) => one.trim()).filter(Boolean))];
  const unknown = names.filter((one) => !known.includes(one));
  const save = async () => {
    await change(() => patch(`/api/users/${user.id}`, { organisations: names.length === 0 ? null : names }), "The organisations are changed");
    onClose();
  };
  return (
    <Dialog
      title="Organisations"
      isOpen
      onClose={onClose}
      foot={
        <Button look="primary" isDisabled={isBusy} onPress={() => void save()}>
          {names.length === 0 ? "Let the user see all" : "Limit the user"}
        </Button>
      }
    >
      <div className="form">
        <p>
          <b className="log-text">{user.name}</b> sees the incidents, records and accounts of these organisations alone, and nothing of the others. The user is signed out.
        </p>
        <div className="field">
          <label htmlFor="user-organisations">Organisations, one a line; none: all of them</label>
          <textarea id="user-organisations" className="input" rows={6} value={text} spellCheck={false} onChange={(event) => setText(event.target.value)} />
        </div>
        {unknown.length > 0 && (
          <p className="small soft">
            Not known yet: <span className="log-text">{unknown.join(", ")}</span>. Write an organisation as the incidents do.
          </p>
        )}
      </div>
    </Dialog>
  );
}
