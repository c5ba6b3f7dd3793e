/** Queue: comes next. */
import { EmptyState } from "../../design/states";

export default function QueuePage() {
  return <EmptyState title="Queue" />;
}
