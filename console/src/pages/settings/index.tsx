/** Settings: comes next. */
import { EmptyState } from "../../design/states";

export default function SettingsPage() {
  return <EmptyState title="Settings" />;
}
