/** In the drawer of a record: star it for the report, with a remark. */
import { useState, type FormEvent } from "react";
import type { LogRecord } from "../../api/types";
import { useMayAnswer } from "../../app/session";
import { Button } from "../../design/controls";
import { Fault } from "./fault";
import { useHandling } from "./handling-state";

export function StarRecord({ incident, record }: { incident: string; record: LogRecord }) {
  const { data, refused, send } = useHandling(incident);
  const star = data?.stars.find((one) => one.record === record.id);
  const [typed, setRemark] = useState<string>();
  const remark = typed ?? star?.remark ?? "";
  if (!useMayAnswer() || !data) return null;
  const save = async (event: FormEvent) => {
    event.preventDefault();
    const done = star
      ? await send("PUT", `stars/${star.id}`, { version: star.version, remark }, "Remark saved")
      : await send("POST", "stars", { record: record.id, day: record.time.slice(0, 10), remark }, "Record starred");
    if (done) setRemark(undefined);
  };
  return (
    <form className="star-form" onSubmit={(event) => void save(event)}>
      <div className="field">
        <label htmlFor="star-remark" className="small">
          {star ? "Starred for the report: why it matters" : "Star this record for the report: why does it matter?"}
        </label>
        <input
          id="star-remark"
          className="input"
          value={remark}
          maxLength={1000}
          autoComplete="off"
          onChange={(event) => setRemark(event.target.value)}
          onKeyDown={(event) => event.key !== "Escape" && event.stopPropagation()}
        />
      </div>
      <Button type="submit" isSmall icon="star">
        {star ? "Save the remark" : "Star the record"}
      </Button>
      {star && (
        <Button look="quiet" isSmall onPress={() => void send("DELETE", `stars/${star.id}`, {}, "Star removed")}>
          Remove the star
        </Button>
      )}
      <Fault refused={refused} part="stars" />
    </form>
  );
}
