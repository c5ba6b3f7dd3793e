/** Health: comes next. */
import { EmptyState } from "../../design/states";

export default function HealthPage() {
  return <EmptyState title="Health" />;
}
