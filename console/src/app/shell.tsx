/** The frame of every signed-in page: navigation, search, budget, ingest, theme, user. */
import { useEffect, useRef, useState, type ReactNode } from "react";
import { post } from "../api/client";
import { Button, Menu, type MenuChoice } from "../design/controls";
import { Icon, Logo } from "../design/marks";
import { BASE } from "./base";
import { BudgetMeter } from "./budget";
import { IngestState } from "./ingest";
import { DroppedBanner } from "./dropped-banner";
import { DropZone } from "./drop-zone";
import { useKeys, type Binding } from "./keys";
import { KeyHelp } from "./key-help";
import { Link } from "./link";
import { Palette } from "./palette";
import { PLACES, type Place } from "./places";
import { navigate, searchAddress, useRoute } from "./router";
import { useKnown, useSession } from "./session";
import { setTheme, useTheme } from "./theme";
import "./shell.css";

function isHere(place: Place, path: string): boolean {
  if (place.path === "/") return path === "/" || path.startsWith("/incidents/");
  return path === place.path || (place.path === "/search" && path === "/look") || (place.path === "/accounts" && path === "/account");
}

export function Shell({ children }: { children: ReactNode }) {
  const { path, parameters } = useRoute();
  const session = useSession();
  const { summary, lineIsUp } = useKnown();
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const places = PLACES.filter((place) => (place.role === undefined || place.role === session.user?.role) && (place.isThere?.(session) ?? true));

  const goTo: Binding[] = places.map((place) => ({
    keys: `g ${place.key}`,
    label: place.label,
    group: "Go to",
    run: () => navigate(place.path),
  }));
  useKeys([
    ...goTo,
    { keys: "/", label: "Search", group: "Anywhere", run: () => field.current?.focus() },
    { keys: "?", label: "Show the keys", group: "Anywhere", run: () => setHelp(true) },
    { keys: "mod+k", label: "Command palette", group: "Anywhere", run: () => setPalette((open) => !open), isKeyOnly: true },
  ]);

  const asked = path === "/search" ? (parameters.get("q") ?? "") : "";
  useEffect(() => {
    if (field.current && document.activeElement !== field.current) field.current.value = asked;
  }, [asked]);

  return (
    <div className="shell">
      <a className="skip" href="#page">
        Skip to the page
      </a>
      <nav className="rail" aria-label="Main">
        <Link href="/" className="brand">
          <Logo />
          <span>Seawall</span>
          {session.demo && <span className="brand-demo">demo</span>}
        </Link>
        <ul className="places">
          {places.map((place) => (
            <li key={place.path} className={place.isMain ? "" : "place-extra"}>
              <Link href={place.path} className="place" aria-current={isHere(place, path) ? "page" : undefined}>
                <Icon name={place.icon} />
                <span>{place.label}</span>
                {summary && place.count && place.count(summary) > 0 && (
                  <span className="place-count">{place.count(summary).toLocaleString("en-GB")}</span>
                )}
                {summary && place.alarm?.(summary) && (
                  <svg className="place-alarm" viewBox="0 0 10 10" role="img" aria-label="needs attention">
                    <path d="M5 .5 9.800 9H.2z" />
                  </svg>
                )}
              </Link>
            </li>
          ))}
          <li className="place-more">
            <Menu
              label="More pages"
              choices={places.filter((place) => !place.isMain).map((place) => ({ id: place.path, label: place.label, icon: place.icon, run: () => navigate(place.path) }))}
            >
              <span className="place">
                <Icon name="more" />
                <span>More</span>
              </span>
            </Menu>
          </li>
        </ul>
        <div className="rail-foot">
          {summary && <BudgetMeter budget={summary.budget} />}
          {summary && <IngestState summary={summary} lineIsUp={lineIsUp} />}
        </div>
      </nav>
      <header className="bar">
        <form
          className="find"
          role="search"
          aria-label="From anywhere"
          onSubmit={(event) => {
            event.preventDefault();
            const words = field.current?.value.trim() ?? "";
            navigate(words ? searchAddress(words) : "/search");
            field.current?.blur();
          }}
        >
          <Icon name="search" />
          <input
            ref={field}
            type="search"
            aria-label="Search incidents"
            placeholder="Search: words, account:alex, country:NL"
            autoComplete="off"
            spellCheck={false}
            onKeyDown={(event) => event.key === "Escape" && field.current?.blur()}
          />
          <kbd>/</kbd>
        </form>
        <div className="bar-tools">
          {summary && (
            <span className="bar-budget">
              <BudgetMeter budget={summary.budget} />
            </span>
          )}
          <span className="bar-keys">
            <Button look="quiet" icon="keyboard" aria-label="Keys" onPress={() => setHelp(true)} />
          </span>
          <ThemeMenu />
          <UserMenu />
        </div>
      </header>
      <main id="page" className="page" tabIndex={-1}>
        <DroppedBanner />
        {children}
      </main>
      <div id="live-region" className="visually-hidden" aria-live="polite" role="status" />
      {session.may_drop && <DropZone />}
      <Palette isOpen={palette} onClose={() => setPalette(false)} places={places} />
      <KeyHelp isOpen={help} onClose={() => setHelp(false)} />
    </div>
  );
}

function ThemeMenu() {
  const theme = useTheme();
  const choices: MenuChoice[] = [
    { id: "light", label: "Light", icon: "sun", isChosen: theme === "light", run: () => setTheme("light") },
    { id: "dark", label: "Dark", icon: "moon", isChosen: theme === "dark", run: () => setTheme("dark") },
    { id: "system", label: "As the system", icon: "system", isChosen: theme === "system", run: () => setTheme("system") },
  ];
  return (
    <Menu label="Colours" choices={choices}>
      <Icon name={theme === "system" ? "system" : theme === "dark" ? "moon" : "sun"} />
    </Menu>
  );
}

function UserMenu() {
  const session = useSession();
  const { reloadSession } = useKnown();
  const name = session.user?.name ?? "";
  const choices: MenuChoice[] = BASE === "" ? [{ id: "settings", label: "Settings", icon: "settings", run: () => navigate("/settings") }] : [];
  // The local admin, who never signed in, has the id 0.
  if (session.user !== null && session.user.id !== 0) {
    choices.push({
      id: "out",
      label: "Sign out",
      icon: "out",
      run: () =>
        void post("/api/sign-out")
          .catch(() => undefined)
          .then(reloadSession),
    });
  }
  return (
    <Menu label={`${name}, ${session.user?.role ?? ""}`} choices={choices}>
      <Icon name="user" />
      <span className="bar-user clip">{name}</span>
    </Menu>
  );
}
