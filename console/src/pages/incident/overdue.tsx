/** The mark of what should have been done by now. */
import { Icon } from "../../design/marks";

export function Overdue() {
  return (
    <span className="overdue">
      <Icon name="warning" /> overdue
    </span>
  );
}
