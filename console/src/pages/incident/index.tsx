/** The page of a single incident. */
import { useKeys } from "../../app/keys";
import { Link } from "../../app/link";
import { navigate, useRoute } from "../../app/router";
import { Icon } from "../../design/marks";
import { IncidentView } from "./view";

export default function IncidentPage() {
  const { path } = useRoute();
  const id = decodedId(path);
  const queue = `/?${new URLSearchParams({ incident: id }).toString()}`;
  useKeys([{ keys: "Escape", label: "Back to the queue", group: "Incident", run: () => navigate(queue), isKeyOnly: true }]);
  return (
    <div className="incident-page">
      <Link href={queue} className="incident-back small">
        <Icon name="left" /> Queue
      </Link>
      <IncidentView key={id} id={id} />
    </div>
  );
}

function decodedId(path: string): string {
  const part = path.split("/")[2] ?? "";
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
