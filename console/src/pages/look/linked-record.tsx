/** A record as JSON text, in which each value that has a page is a link to it. */
import { Link } from "../../app/link";
import { lookAddress } from "./subjects";

const KINDS: Record<string, string> = {
  activity_name: "operation",
  account: "account",
  mailbox: "mailbox",
  app_uid: "app",
  target_app_uid: "app",
  actor_app_uid: "app",
  client: "client",
  user_agent: "agent",
  src_ip: "ip",
  src_prefix: "cidr",
  src_asn: "network",
  src_location: "country",
  src_country: "country",
  session_uid: "session",
  token_uid: "token",
  device_uid: "device",
  key_uid: "key",
};
const MESSAGE = /messageid$/i;
const LINE = /^(\s*"((?:[^"\\]|\\.)*)": )(".*"|\d+)(,?)$/;
const LONGEST = 1000;

/** Return the page of a value under a name of a record's field, null if it has none. */
function pageOf(name: string, written: string): string | null {
  const kind = KINDS[name] ?? (MESSAGE.test(name) ? "message" : undefined);
  if (kind === undefined) return null;
  const value = String(JSON.parse(written)).trim();
  const isShort = kind === "message" && value.length < 3;
  return value === "" || isShort || value.length > LONGEST ? null : lookAddress(`${kind}:${value}`);
}

/** `text` is the record by `JSON.stringify` with one field on a line. */
export function LinkedRecord({ text }: { text: string }) {
  return text.split("\n").map((line, place) => {
    const found = LINE.exec(line);
    const page = found === null ? null : pageOf(found[2]!, found[3]!);
    return (
      <span key={place}>
        {place > 0 && "\n"}
        {found === null || page === null ? (
          line
        ) : (
          <>
            {found[1]}
            <Link href={page}>{found[3]}</Link>
            {found[4]}
          </>
        )}
      </span>
    );
  });
}
