/** Audit: comes next. */
import { EmptyState } from "../../design/states";

export default function AuditPage() {
  return <EmptyState title="Audit" />;
}
