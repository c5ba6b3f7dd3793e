/** Search: comes next. */
import { EmptyState } from "../../design/states";

export default function SearchPage() {
  return <EmptyState title="Search" />;
}
