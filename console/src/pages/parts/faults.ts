/** Format a refusal with its fix. */
import { ApiError } from "../../api/client";

export function faultText(fault: unknown): string {
  if (fault instanceof ApiError) {
    const wait = fault.retryAfter === null ? "" : ` Try again in ${fault.retryAfter} s.`;
    return [fault.message, fault.fix].filter(Boolean).join(" ").trim() + wait;
  }
  return fault instanceof Error ? fault.message : "Something failed.";
}
