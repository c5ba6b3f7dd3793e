/** Accounts: comes next. */
import { EmptyState } from "../../design/states";

export default function AccountsPage() {
  return <EmptyState title="Accounts" />;
}
