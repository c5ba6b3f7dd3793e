/** Detector: comes next. */
import { EmptyState } from "../../design/states";

export default function DetectorPage() {
  return <EmptyState title="Detector" />;
}
