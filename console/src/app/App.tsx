/** Choose the page for a URL. A page's code is loaded when it is first opened. */
import { I18nProvider } from "react-aria-components";
import { Component, lazy, Suspense, useEffect, useRef, type ComponentType, type ReactNode } from "react";
import { ApiError } from "../api/client";
import { EmptyState, ErrorState, Skeleton } from "../design/states";
import { herePath } from "./base";
import { Link } from "./link";
import { navigate, rememberedPlace, useRoute } from "./router";
import { SessionProvider, useKnown } from "./session";
import { Shell } from "./shell";

interface PageModule {
  default: ComponentType;
}

const page = (load: () => Promise<PageModule>) => lazy(load);

const PAGES: Record<string, { title: string; Page: ComponentType }> = {
  "/": { title: "Queue", Page: page(() => import("../pages/queue")) },
  "/accounts": { title: "Accounts", Page: page(() => import("../pages/accounts")) },
  "/account": { title: "Account", Page: page(() => import("../pages/account")) },
  "/read": { title: "Read an export", Page: page(() => import("../pages/read")) },
  "/search": { title: "Search", Page: page(() => import("../pages/search")) },
  "/look": { title: "Look into a value", Page: page(() => import("../pages/look")) },
  "/tenants": { title: "Tenants", Page: page(() => import("../pages/tenants")) },
  "/tables": { title: "Tables", Page: page(() => import("../pages/tables")) },
  "/indicators": { title: "Indicators", Page: page(() => import("../pages/indicators")) },
  "/health": { title: "Health", Page: page(() => import("../pages/health")) },
  "/detector": { title: "Detector", Page: page(() => import("../pages/detector")) },
  "/exceptions": { title: "Exceptions", Page: page(() => import("../pages/exceptions")) },
  "/audit": { title: "Audit", Page: page(() => import("../pages/audit")) },
  "/settings": { title: "Settings", Page: page(() => import("../pages/settings")) },
};
const CampaignPage = page(() => import("../pages/tenants/campaign"));
const IncidentPage = page(() => import("../pages/incident"));
const SignInPage = page(() => import("../pages/signin"));

export function App() {
  return (
    <Failsafe>
      <I18nProvider locale="en-US">
        <SessionProvider>
          <Gate />
        </SessionProvider>
      </I18nProvider>
    </Failsafe>
  );
}

function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Seawall`;
  }, [title]);
}

/** Show the page in its frame, or the sign-in or set-up page, which then returns to the requested URL. */
function Gate() {
  const { session, error, reloadSession } = useKnown();
  const { path, parameters } = useRoute();
  const isDoor = path === "/sign-in" || path === "/setup";
  const maySee = session !== undefined && session.user !== null;

  useEffect(() => {
    if (session === undefined) return;
    if (!maySee && !isDoor) {
      const wanted = herePath() + window.location.search;
      navigate(`/${session.setup_needed ? "setup" : "sign-in"}?${new URLSearchParams({ next: wanted }).toString()}`, { replace: true });
    } else if (maySee && isDoor) navigate(inside(parameters.get("next")), { replace: true });
    else if (maySee && path === "/" && window.location.search === "") {
      const place = rememberedPlace();
      if (place !== null) navigate(inside(place), { replace: true });
    }
    if (session.second_factor_needed && path !== "/settings") navigate("/settings", { replace: true });
  });

  if (error !== undefined && session === undefined) {
    return (
      <main>
        <ErrorState error={error} onRetry={() => void reloadSession()} />
      </main>
    );
  }
  if (session === undefined || maySee === isDoor) return null;
  if (isDoor) {
    return (
      <Suspense fallback={null}>
        <SignInPage />
      </Suspense>
    );
  }
  return (
    <Shell>
      <Routed path={path} />
    </Shell>
  );
}

/** Return a path inside this console; `/` for any other URL, so that `next` cannot redirect elsewhere. */
function inside(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) ? next : "/";
}

function Routed({ path }: { path: string }) {
  const incident = /^\/incidents\/([^/]+)$/.exec(path)?.[1];
  const isCampaign = /^\/campaigns\/[^/]+$/.test(path);
  const found = isCampaign ? { title: "Campaign", Page: CampaignPage } : incident === undefined ? PAGES[path] : { title: "Incident", Page: IncidentPage };
  useTitle(found?.title ?? "Not found");
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else document.getElementById("page")?.focus({ preventScroll: true });
  }, [path]);
  if (found === undefined) {
    return (
      <EmptyState icon="search" title="There is no such page">
        <Link href="/">To the queue</Link>
      </EmptyState>
    );
  }
  return (
    <Failsafe key={found.title}>
      <Suspense fallback={<Skeleton rows={8} />}>
        <found.Page />
      </Suspense>
    </Failsafe>
  );
}

/** Show an error message instead of a blank page when rendering fails. */
class Failsafe extends Component<{ children: ReactNode }, { fault: Error | null }> {
  override state = { fault: null as Error | null };

  static getDerivedStateFromError(fault: Error) {
    return { fault };
  }

  override render() {
    if (this.state.fault === null) return this.props.children;
    const error = new ApiError(0, "console", `The page failed: ${this.state.fault.message}`, "Load it again; an old page may meet a newer server.");
    return <ErrorState error={error} onRetry={() => window.location.reload()} />;
  }
}
