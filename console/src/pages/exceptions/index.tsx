/** Exceptions: comes next. */
import { EmptyState } from "../../design/states";

export default function ExceptionsPage() {
  return <EmptyState title="Exceptions" />;
}
