/** Run one change at a time: whether it is running, and the server's error. */
import { useState } from "react";
import { ApiError } from "../../api/client";
import { faultText } from "../parts/faults";

export interface Fault {
  text: string;
  code: string;
}

export interface Doing {
  isBusy: boolean;
  fault: Fault | undefined;
  /** Resolves to true if the change succeeded. */
  attempt: (what: () => Promise<unknown>) => Promise<boolean>;
}

export function useDoing(): Doing {
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<Fault>();
  const attempt = async (what: () => Promise<unknown>) => {
    setBusy(true);
    setFault(undefined);
    try {
      await what();
      return true;
    } catch (problem) {
      setFault({ text: faultText(problem), code: problem instanceof ApiError ? problem.code : "" });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, fault, attempt };
}
