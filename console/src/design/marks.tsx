/** Small drawings: each severity has its own shape; the others are line icons. */
import type { ReactNode, SVGProps } from "react";
import type { Severity } from "../api/types";
import { severityName } from "../words/names";

const SHAPES: Record<Severity, ReactNode> = {
  critical: (
    <>
      <path fill="currentColor" d="M6 1h8l5 5v8l-5 5H6l-5-5V6z" />
      <path fill="none" stroke="var(--surface)" strokeWidth="2.6" strokeLinecap="round" d="M10 5.4v5.4M10 14.5v.1" />
    </>
  ),
  high: <path fill="currentColor" d="M10 1.5 19.5 18H.5z" />,
  medium: <path fill="currentColor" d="M10 1 19 10l-9 9-9-9z" />,
  low: <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" strokeWidth="3.2" />,
};

/** The shape of a severity. Used alone, it has a name for screen readers. */
export function SeverityMark({ severity, isNamed = true }: { severity: Severity; isNamed?: boolean }) {
  return (
    <svg
      className={`mark severity-${severity}`}
      viewBox="0 0 20 20"
      {...(isNamed ? { role: "img", "aria-label": severityName(severity) } : { "aria-hidden": true })}
    >
      {SHAPES[severity]}
    </svg>
  );
}

export function SeverityLabel({ severity }: { severity: Severity }) {
  return (
    <span className={`severity severity-${severity}`}>
      <SeverityMark severity={severity} isNamed={false} />
      {severityName(severity)}
    </span>
  );
}

const PATHS = {
  queue: "M3 4h10M3 8h10M3 12h6",
  accounts: "M8 8a2.600 2.600 0 1 0 0-5.200A2.600 2.600 0 0 0 8 8ZM2.800 13.500c.500-2.400 2.600-3.700 5.200-3.700s4.700 1.300 5.200 3.700",
  search: "M7 11.500a4.500 4.500 0 1 0 0-9 4.500 4.500 0 0 0 0 9ZM10.300 10.300l3.400 3.400",
  health: "M1.500 8.500h3l1.700-4.800 3.200 8.600 1.800-3.800h3.300",
  detector: "M2.500 13.500h11M2.500 13.500v-11M4.800 11c2.600 0 3.400-1.400 4.400-3.700S11 4 13.300 4",
  exceptions: "M3 8.300 6.300 11.600 13 4.900",
  audit: "M4 2.500h8v11H4zM6.200 5.500h3.600M6.200 8h3.600M6.200 10.500h2",
  settings: "M2.500 5h6M11.500 5h2M10 3.500v3M2.500 11h2M7.500 11h6M6 9.500v3",
  sun: "M8 10.800a2.800 2.800 0 1 0 0-5.600 2.800 2.800 0 0 0 0 5.600ZM8 1.500v1.300M8 13.200v1.300M14.500 8h-1.300M2.800 8H1.500M12.600 3.400l-.9.9M4.300 11.700l-.9.9M12.600 12.600l-.9-.9M4.300 4.300l-.9-.9",
  moon: "M13.300 9.700A5.600 5.600 0 0 1 6.300 2.700a5.600 5.600 0 1 0 7 7Z",
  system: "M2.500 3h11v7.500h-11zM6 13.300h4",
  user: "M8 8a2.600 2.600 0 1 0 0-5.200A2.600 2.600 0 0 0 8 8ZM2.800 13.500c.500-2.400 2.600-3.700 5.200-3.700s4.700 1.300 5.200 3.700",
  copy: "M5.500 5.500h7.500V13H5.500zM3 10.500V3h7.500",
  check: "M3 8.300 6.300 11.600 13 4.900",
  close: "M4 4l8 8M12 4l-8 8",
  left: "M10 3.500 5.500 8l4.500 4.500",
  right: "M6 3.500 10.500 8 6 12.500",
  down: "M3.500 6 8 10.500 12.500 6",
  up: "M3.500 10 8 5.500 12.500 10",
  more: "M3.500 8h.01M8 8h.01M12.500 8h.01",
  download: "M8 2.500v7.500M4.800 7.200 8 10.400l3.200-3.200M2.800 13.300h10.400",
  keyboard: "M1.500 4h13v8h-13zM4 6.500h.01M6.700 6.500h.01M9.300 6.500h.01M12 6.500h.01M5 9.500h6",
  link: "M6.800 9.200 9.200 6.800M7.300 4.700l1-1a2.800 2.800 0 0 1 4 4l-1 1M8.700 11.300l-1 1a2.800 2.800 0 0 1-4-4l1-1",
  bell: "M4 11V7.300a4 4 0 0 1 8 0V11l1 1.300H3zM6.800 14h2.400",
  warning: "M8 2.500 14.300 13H1.700zM8 6.500v3M8 11.300v.01",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.300V11M8 5v.01",
  filter: "M2.500 3.500h11L9.500 8.300v4.200l-3 1V8.300z",
  star: "M8 2.200l1.800 3.700 4 .6-2.900 2.800.7 4L8 11.400l-3.600 1.900.7-4L2.200 6.500l4-.6z",
  shield: "M8 1.800 13.200 3.700v4c0 3.300-2.200 5.500-5.200 6.600-3-1.100-5.200-3.300-5.200-6.600v-4z",
  key: "M9.700 9.300a3.300 3.300 0 1 0-3-3L2.500 10.500v3h3v-1.700h1.700v-1.700z",
  out: "M6.500 13.500h-3.500v-11h3.500M10 11l3-3-3-3M13 8H6",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 4.800V8l2.200 1.500",
  plus: "M8 3v10M3 8h10",
  sort: "M4.500 3v10M2 10.500 4.500 13 7 10.500M9 4h5M9 8h3.500M9 12h2",
  globe: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM2 8h12M8 2c2 1.800 2.600 3.800 2.600 6S10 12.200 8 14C6 12.200 5.400 10.200 5.400 8S6 3.800 8 2Z",
  organisation: "M3 13.500v-11h6.500v11M9.500 6.500H13v7M1.500 13.500h13M5.500 5.500h1.500M5.500 8h1.500M5.500 10.500h1.500",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, ...rest }: { name: IconName } & SVGProps<SVGSVGElement>) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" {...rest}>
      <path d={PATHS[name]} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}

/** A circle for the account's own records, a diamond for the intruder's: the legend of every chart. */
export function DoerMark({ isIntruder }: { isIntruder: boolean }) {
  return (
    <svg className={`doer ${isIntruder ? "doer-theirs" : "doer-own"}`} viewBox="0 0 12 12" aria-hidden="true">
      {isIntruder ? <path d="M6 .5 11.500 6 6 11.500.5 6z" /> : <circle cx="6" cy="6" r="4.200" />}
    </svg>
  );
}

export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b5e8e" />
      <path d="M8 14.500V8h4.200v6.500M13.900 14.500V8h4.200v6.500M19.800 14.500V8H24v6.500" fill="#8fc6ea" />
      <path d="M5 21c2.800 0 2.800-2.200 5.500-2.200S13.200 21 16 21s2.800-2.200 5.500-2.200S24.200 21 27 21" fill="none" stroke="#fff" strokeWidth="2.400" strokeLinecap="round" />
    </svg>
  );
}
