/** Incident: comes next. */
import { EmptyState } from "../../design/states";

export default function IncidentPage() {
  return <EmptyState title="Incident" />;
}
