/** The server's error after a change; if it requires a fresh sign-in, a link to it. */
import { post } from "../../api/client";
import { useKnown } from "../../app/session";
import { Button } from "../../design/controls";
import type { Fault } from "./doing";

export function Said({ fault }: { fault: Fault | undefined }) {
  const { reloadSession } = useKnown();
  if (fault === undefined) return null;
  const again = () =>
    post("/api/sign-out")
      .catch(() => undefined)
      .then(reloadSession);
  return (
    <div className="settings-tools">
      <p className="field-fault" role="alert">
        {fault.text}
      </p>
      {fault.code === "sign-in-again" && (
        <Button isSmall look="primary" onPress={() => void again()}>
          Sign in again
        </Button>
      )}
    </div>
  );
}
