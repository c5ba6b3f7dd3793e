/** The frame of a page: heading, one sentence on its purpose, and actions. */
import { useEffect, type ReactNode } from "react";
import "./page.css";

interface PageProps {
  title: string;
  /** The title of the browser tab, if it differs from the heading. */
  tab?: string;
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, tab, about, actions, children }: PageProps) {
  useEffect(() => {
    document.title = `${tab ?? title} · Seawall`;
  }, [tab, title]);
  return (
    <div className="sheet">
      <header className="sheet-head">
        <div>
          <h1 className="log-text">{title}</h1>
          {about && <p>{about}</p>}
        </div>
        {actions && <div className="sheet-actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** Facts in a line: a small name above each value. */
export function Facts({ facts }: { facts: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
