/** States of a page without content: empty, loading, or failed. */
import type { ReactNode } from "react";
import type { ApiError } from "../api/client";
import { Button } from "./controls";
import { Icon, type IconName } from "./marks";
import "./states.css";

/** An empty state: says why, and what to do next. */
export function EmptyState({ icon = "check", title, children }: { icon?: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="state">
      <span className="state-icon">
        <Icon name={icon} />
      </span>
      <h2>{title}</h2>
      {children && <div className="state-words">{children}</div>}
    </div>
  );
}

/** An error in the server's words, with its fix. */
export function ErrorState({ error, onRetry }: { error: ApiError; onRetry?: () => void }) {
  return (
    <div className="state" role="alert">
      <span className="state-icon state-icon-bad">
        <Icon name="warning" />
      </span>
      <h2>{error.status === 404 ? "Not found" : error.status === 403 ? "Not allowed" : "This could not be read"}</h2>
      <div className="state-words">
        <p>{error.message}</p>
        {error.fix && <p>{error.fix}</p>}
        <p className="tiny">
          <code>{error.code}</code>
        </p>
      </div>
      {onRetry && <Button onPress={onRetry}>Try again</Button>}
    </div>
  );
}

/** A placeholder for content, delayed so that quick answers do not flicker. */
export function Skeleton({ rows = 6, height = 20 }: { rows?: number; height?: number }) {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} style={{ height, width: `${[92, 78, 86, 64, 81, 72][row % 6]}%` }} />
      ))}
    </div>
  );
}

/** A prominent sentence. */
export function Notice({ tone = "info", children }: { tone?: "info" | "warning" | "good"; children: ReactNode }) {
  return (
    <div className={`notice notice-${tone}`}>
      <Icon name={tone === "warning" ? "warning" : tone === "good" ? "check" : "info"} />
      <div>{children}</div>
    </div>
  );
}

/** A section of a page with its heading. */
export function Panel({ title, aside, children, id }: { title: string; aside?: ReactNode; children: ReactNode; id?: string }) {
  return (
    <section className="panel" {...(id ? { id } : {})}>
      <header className="panel-head">
        <h2>{title}</h2>
        {aside}
      </header>
      {children}
    </section>
  );
}
