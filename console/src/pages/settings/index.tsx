/** Settings: the user's own sign-in; for admins also users and ingest tokens. */
import { useParameter } from "../../app/router";
import { useIsAdmin, useSession } from "../../app/session";
import { Segments } from "../../design/controls";
import { Notice } from "../../design/states";
import { Page } from "../parts/page";
import { Channels } from "./channels";
import { Console } from "./console";
import { Me } from "./me";
import { Privacy } from "./privacy";
import { Tokens } from "./tokens";
import { Users } from "./users";
import "./settings.css";

type Part = "me" | "console" | "privacy" | "users" | "tokens" | "channels";

export default function SettingsPage() {
  const isAdmin = useIsAdmin();
  const session = useSession();
  const isLimited = session.second_factor_needed;
  const [asked, setPart] = useParameter("part", "me");
  const parts: { value: Part; label: string }[] = [
    { value: "me", label: "Signing in" },
    { value: "console", label: "This console" },
    ...(isLimited ? [] : [{ value: "privacy" as const, label: "Privacy" }]),
    ...(isAdmin && !isLimited
      ? [
          { value: "users" as const, label: "Users" },
          { value: "tokens" as const, label: "Collectors" },
          { value: "channels" as const, label: "Channels" },
        ]
      : []),
  ];
  const part = parts.find((one) => one.value === asked)?.value ?? "me";
  return (
    <Page title="Settings" about={<span className="log-text">{session.user ? `${session.user.name}, ${session.user.role}` : ""}</span>}>
      <div>
        <Segments label="Settings of" value={part} options={parts} onChange={setPart} />
      </div>
      {isLimited && (
        <Notice tone="warning">
          A password alone is not enough here. Add a passkey, or one-time codes, and the rest of the console opens.
        </Notice>
      )}
      <div className="settings">
        {part === "me" && <Me />}
        {part === "console" && <Console />}
        {part === "privacy" && <Privacy />}
        {part === "users" && <Users />}
        {part === "tokens" && <Tokens />}
        {part === "channels" && <Channels />}
      </div>
    </Page>
  );
}
