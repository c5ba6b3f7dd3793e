/** Account: comes next. */
import { EmptyState } from "../../design/states";

export default function AccountPage() {
  return <EmptyState title="Account" />;
}
