/** One change at a time: whether it is under way, and what the server said against it. */
import { useState } from "react";
import { faultText } from "../parts/faults";

export interface Doing {
  isBusy: boolean;
  fault: string | undefined;
  /** True when it was done. */
  attempt: (what: () => Promise<unknown>) => Promise<boolean>;
}

export function useDoing(): Doing {
  const [isBusy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const attempt = async (what: () => Promise<unknown>) => {
    setBusy(true);
    setFault(undefined);
    try {
      await what();
      return true;
    } catch (problem) {
      setFault(faultText(problem));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, fault, attempt };
}
