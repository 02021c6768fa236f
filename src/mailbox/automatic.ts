/**
 * Whether a mail was sent by a program, and by which sign that is told, so that no host ever answers a robot.
 *
 * Invariants: the first sign of the table that is there tells, the surest stand first; the subject is never a sign, as
 * people write "out of office" too, and robots write it in every language. Without headers the sender still tells.
 */
import type { MailAddress } from "./mail-address.js";
import type { MailHeader } from "./mail-header.js";

/**
 * `own-address`: sent by the queue itself, so an answer would come back to it. `delivery-report`: of a mail system, about mail
 * that came, did not come or was read. `auto-reply`: an out-of-office note or the answer of another program.
 * `auto-generated`: written by a program, not in answer to a mail. `list`: of a mailing list or a newsletter. `bulk`: sent
 * to many. `no-replies`: its sender asks for no automatic answer.
 */
export type AutomaticReason = "own-address" | "delivery-report" | "auto-reply" | "auto-generated" | "list" | "bulk" | "no-replies";

/** Why a mail must not be answered by a program. */
export interface Automatic {
  readonly reason: AutomaticReason;
  /** The header or the sender that told, as the mail has it; of long ones the beginning. */
  readonly sign: string;
}

/** What is looked at of a mail. */
export interface AutomaticClues {
  readonly headers: readonly MailHeader[];
  readonly from?: MailAddress | undefined;
  readonly sender?: MailAddress | undefined;
  readonly replyTo: readonly MailAddress[];
}

interface Sign {
  readonly reason: AutomaticReason;
  /** The header it is. */
  readonly header: string;
  /** Of its value in lower case and without comments, and of all the mail's headers. */
  readonly tells: (value: string, headers: readonly MailHeader[]) => boolean;
}

const anything = () => true;
const unlessNo = (value: string) => !["", "no", "false", "0"].includes(keyword(value));
const isPrecedence =
  (...levels: readonly string[]) =>
  (value: string) =>
    levels.includes(keyword(value));

/** Signs in headers, the surest first; the sender's own stands after {@link nullPath}. */
const reports: readonly Sign[] = [
  // RFC 6522 and 3464 (delivery), RFC 8098 (read), RFC 5965 (abuse).
  { reason: "delivery-report", header: "content-type", tells: (value) => keyword(value) === "multipart/report" },
  // Exim, and with it much of the world's mail systems.
  { reason: "delivery-report", header: "x-failed-recipients", tells: anything },
  // Exchange's own non-delivery reports; its value is empty.
  { reason: "delivery-report", header: "x-ms-exchange-message-is-ndr", tells: anything },
];

const replies: readonly Sign[] = [
  // RFC 3834 §5: the answer of a program to a mail.
  { reason: "auto-reply", header: "auto-submitted", tells: (value) => keyword(value) === "auto-replied" },
  // RFC 2076 §3.9 names the header; the value is that of vacation programs.
  { reason: "auto-reply", header: "precedence", tells: isPrecedence("auto_reply", "auto-reply") },
  // Exchange's out-of-office notes carry both (zammad: out_of_office_check); a mail that a rule passes on has the one only.
  {
    reason: "auto-reply",
    header: "x-ms-exchange-inbox-rules-loop",
    tells: (_, headers) =>
      headers.some(({ name, value }) => name.toLowerCase() === "x-auto-response-suppress" && listed(plain(value)).includes("all")),
  },
  // Autoresponders of hosting panels, ticket systems and mail servers.
  { reason: "auto-reply", header: "x-autoreply", tells: unlessNo },
  { reason: "auto-reply", header: "x-auto-reply", tells: unlessNo },
  { reason: "auto-reply", header: "x-autorespond", tells: unlessNo },
  { reason: "auto-reply", header: "x-autoresponse", tells: unlessNo },
  { reason: "auto-reply", header: "x-autoreply-from", tells: anything },
  { reason: "auto-reply", header: "x-mail-autoreply", tells: unlessNo },
];

/** RFC 5321 §4.5.5: what must not be answered is sent from the empty path. Vacation notes are too, so they come before. */
const nullPath: readonly Sign[] = [
  { reason: "delivery-report", header: "return-path", tells: (value) => value.replace(/\s+/g, "") === "<>" },
];

const others: readonly Sign[] = [
  // RFC 3834 §5: everything but `no`; `auto-generated`, `auto-notified` (RFC 5436), and words of later standards.
  { reason: "auto-generated", header: "auto-submitted", tells: (value) => !["", "no"].includes(keyword(value)) },
  // RFC 2919 and 2369.
  { reason: "list", header: "list-id", tells: anything },
  { reason: "list", header: "list-unsubscribe", tells: anything },
  { reason: "list", header: "list-post", tells: anything },
  { reason: "list", header: "list-help", tells: anything },
  { reason: "list", header: "list-subscribe", tells: anything },
  { reason: "list", header: "list-owner", tells: anything },
  { reason: "list", header: "list-archive", tells: anything },
  // RFC 2076 §3.9; RFC 3834 §2 bids responders heed it.
  { reason: "list", header: "precedence", tells: isPrecedence("list") },
  { reason: "bulk", header: "precedence", tells: isPrecedence("bulk", "junk") },
  // [MS-OXCMAIL] 2.1.3.2.20; its other words are about receipts only.
  {
    reason: "no-replies",
    header: "x-auto-response-suppress",
    tells: (value) => listed(value).some((word) => ["all", "oof", "autoreply"].includes(word)),
  },
];

interface Ranked extends Sign {
  /** The surest has the smallest. */
  readonly rank: number;
}

/** By header, its signs. */
const signs = new Map<string, Ranked[]>();
for (const [rank, sign] of [...reports, ...replies, ...nullPath, ...others].entries()) {
  signs.set(sign.header, [...(signs.get(sign.header) ?? []), { ...sign, rank }]);
}
/** Where the sender's own sign stands among them. */
const senderRank = reports.length + replies.length + nullPath.length;
/** Of most headers their length or first letter says that they are none, which is sooner seen than the name in lower case. */
const lengths = new Set([...signs.keys()].map(({ length }) => length));
const initials = new Set([...signs.keys()].flatMap((name) => [name.charCodeAt(0), name.toUpperCase().charCodeAt(0)]));

/** Mailboxes of mail systems (RFC 2142 §5 and custom); the long one is Exchange's own sender, the same in every organisation. */
const systems = new Set(["mailer-daemon", "mail-daemon", "maildaemon", "postmaster", "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e"]);
const longestSign = 120;
/** Characters of a header that are looked at. */
const longestValue = 1_000;

/** Absent where nothing speaks against a person. `own`: the addresses of the mailbox itself. */
export function automaticOf({ headers, from, sender, replyTo }: AutomaticClues, own: readonly string[]): Automatic | undefined {
  const author = from ?? sender;
  const loop = author && ownSign(author, { replyTo, own });
  if (loop) return loop;
  let surest = author ? senderSign(author) : undefined;
  let rank = surest ? senderRank : Number.POSITIVE_INFINITY;
  for (const header of headers) {
    for (const sign of signsOf(header.name)) {
      if (sign.rank >= rank || !sign.tells(plain(header.value), headers)) continue;
      surest = { reason: sign.reason, sign: signOf(header.name, header.value) };
      rank = sign.rank;
    }
  }
  return surest;
}

const none: readonly Ranked[] = [];

function signsOf(name: string): readonly Ranked[] {
  if (!lengths.has(name.length) || !initials.has(name.charCodeAt(0))) return none;
  return signs.get(name.toLowerCase()) ?? none;
}

/** A form on a web site that sends by the queue's own address names its visitor in Reply-To: an answer goes there and not round in circles. */
function ownSign(
  author: MailAddress,
  { replyTo, own }: { replyTo: readonly MailAddress[]; own: readonly string[] },
): Automatic | undefined {
  const isMine = ({ address }: MailAddress) => {
    const mailbox = mailboxOf(address);
    return own.some((one) => mailboxOf(one) === mailbox);
  };
  const comesBack = isMine(author) && (replyTo.length === 0 || replyTo.some(isMine));
  return comesBack ? { reason: "own-address", sign: signOf("From", author.address) } : undefined;
}

function senderSign({ name, address }: MailAddress): Automatic | undefined {
  const isNull = address === "<>" || (address === "" && name === "");
  const isSystem = systems.has(address.slice(0, Math.max(0, address.lastIndexOf("@"))).toLowerCase() || address.toLowerCase());
  return isNull || isSystem ? { reason: "delivery-report", sign: signOf("From", address || "<>") } : undefined;
}

/** Without the part after a plus, by which one mailbox has many addresses (Exchange Online: plus addressing). */
function mailboxOf(address: string): string {
  const mailbox = address.toLowerCase();
  const plus = mailbox.indexOf("+");
  const at = plus < 0 ? -1 : mailbox.indexOf("@", plus);
  return at < 0 ? mailbox : mailbox.slice(0, plus) + mailbox.slice(at);
}

function plain(value: string): string {
  const start = value.length > longestValue ? value.slice(0, longestValue) : value;
  return (start.includes("(") ? start.replace(/\([^()]*\)/g, " ") : start).trim().toLowerCase();
}

/** Without the parameters. */
function keyword(value: string): string {
  return value.split(/[;\s]/, 1)[0] ?? "";
}

function listed(value: string): string[] {
  return value.split(/[\s,;]+/);
}

function signOf(name: string, value: string): string {
  const sign = `${name}: ${value
    .slice(0, 2 * longestSign)
    .replace(/\s+/g, " ")
    .trim()}`.trim();
  return (sign.length > longestSign ? `${sign.slice(0, longestSign - 1)}…` : sign).toWellFormed();
}
