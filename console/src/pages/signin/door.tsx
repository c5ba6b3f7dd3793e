/** The frame of pages before sign-in: one card in the middle. */
import { useEffect, type ReactNode } from "react";
import { Logo } from "../../design/marks";
import "../parts/page.css";
import "./signin.css";

export function Door({ title, about, children }: { title: string; about?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Seawall`;
  }, [title]);
  return (
    <main className="door">
      <div className="door-card">
        <header className="door-head">
          <Logo />
          <h1>{title}</h1>
          {about && <p>{about}</p>}
        </header>
        {children}
      </div>
    </main>
  );
}

export function Fault({ text }: { text: string | undefined }) {
  return text === undefined ? null : (
    <p className="field-fault" role="alert">
      {text}
    </p>
  );
}
