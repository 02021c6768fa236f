/**
 * What the doctor says of each link of the chain, and how a chain is walked.
 *
 * Invariants: every link has one finding; a failure that hides what follows makes the later ones "skipped", naming it; what
 * went wrong is found, never thrown: only an abort leaves by rejection. An error that is not ours is told by its name alone.
 */
import { adviceOf } from "../../auth/advice.js";
import { busyRemedy, remedyDetails } from "../../auth/remedies.js";
import type { Remedy, SetUpStep } from "../../auth/remedy.js";
import { MailError, type MailErrorCode, type Responsible } from "../../base/errors.js";

/** The links of the chain, in the order in which they are looked at: those of the machine and the application, then those of a queue; the clock comes last. */
export const doctorChecks = [
  "vault-key",
  "store",
  "owner",
  "dns",
  "proxy",
  "tls",
  "authority",
  "application",
  "vault-record",
  "consent",
  "token",
  "scopes",
  "identity",
  "mailbox",
  "folders",
  "delta",
  "marks",
  "clock",
] as const;
export type DoctorCheck = (typeof doctorChecks)[number];

export interface Finding {
  /** As configured; absent where it concerns all queues. */
  readonly queue?: string;
  readonly check: DoctorCheck;
  /** `failed`: mail does not come, or is not marked, until it is mended; `warning`: it works, and yet; `skipped`: could not be known. */
  readonly outcome: "ok" | "warning" | "failed" | "skipped";
  /** What was found, in a sentence. */
  readonly found: string;
  /** What a person can do about it. */
  readonly remedy?: string;
  readonly who?: Responsible;
  /** The step of the set-up guide: an anchor in `docs/setup-entra.md`. */
  readonly step?: string;
  /** The error that was met. */
  readonly code?: MailErrorCode;
  /** The service's own code: an AADSTS number, a Graph error code. */
  readonly serviceCode?: string;
}

/** A finding without its place. */
export type Seen = Omit<Finding, "queue" | "check">;

export interface Link {
  readonly check: DoctorCheck;
  readonly look: () => Promise<Seen>;
}

export interface Walk {
  readonly queue?: string;
  /** By the link from which on nothing can be known, the check that hides it. */
  readonly hidden?: Partial<Record<DoctorCheck, DoctorCheck | undefined>>;
  readonly signal: AbortSignal;
}

/** After the failure of one of these, what follows in a queue cannot be known. */
const hiding: ReadonlySet<DoctorCheck> = new Set(["vault-record", "consent", "token", "identity", "mailbox"]);

export function ok(found: string): Seen {
  return { outcome: "ok", found };
}

export function skipped(found: string): Seen {
  return { outcome: "skipped", found };
}

export function skippedFor(check: DoctorCheck): Seen {
  return skipped(`Not looked at, as ${check} failed.`);
}

/** What is wrong by itself, without an error of anybody. */
export function wrong(outcome: "failed" | "warning", found: string, remedy: Pick<Remedy, "who" | "remedy" | "step">): Seen {
  return { outcome, found, ...remedyDetails(remedy) };
}

export interface Telling {
  /** Default "failed". */
  readonly outcome?: "failed" | "warning";
  /** The step that it belongs to, where the error names none. */
  readonly step?: SetUpStep;
  /** What to do, where the error does not say. */
  readonly remedy?: Remedy | undefined;
}

/** What an error says. */
export function seenIn(error: MailError, { outcome = "failed", step, remedy }: Telling = {}): Seen {
  const { code, message, serviceCode, who } = error;
  const passing = error.retryable && /^(AUTH|GRAPH)_/.test(code) ? busyRemedy : undefined;
  // What is wrong with an option says itself what to do.
  const fallback = code === "CONFIG_INVALID" ? undefined : (remedy ?? passing);
  const advice = adviceOf(error);
  return {
    outcome,
    found: message,
    ...(fallback === undefined || advice.remedy !== undefined ? {} : remedyDetails(fallback)),
    ...(step === undefined ? {} : { step }),
    ...(step === "this-machine" ? { who: "developer" } : {}),
    ...(who === undefined ? {} : { who }),
    ...advice,
    code,
    ...(serviceCode === undefined ? {} : { serviceCode }),
  };
}

/** What a look gives, or the failure it met. @throws the reason of an abort */
export async function seeing(look: () => Promise<Seen>, signal: AbortSignal, telling?: Telling): Promise<Seen> {
  try {
    return await look();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof MailError) return seenIn(error, telling);
    // It may come from the host's own store or keys: nobody knows what its message holds.
    const name = error instanceof Error && /^[A-Za-z]{1,40}$/.test(error.name) ? error.name : typeof error;
    return { outcome: "failed", found: `It failed unexpectedly (${name}).`, who: "developer", step: "troubleshooting" };
  }
}

/** One link after another. @throws the reason of an abort */
export async function walk(links: readonly Link[], { queue, hidden = {}, signal }: Walk): Promise<Finding[]> {
  const findings: Finding[] = [];
  let hider: DoctorCheck | undefined;
  for (const { check, look } of links) {
    signal.throwIfAborted();
    hider ??= hidden[check];
    const seen = hider === undefined ? await seeing(look, signal) : skippedFor(hider);
    findings.push({ ...(queue === undefined ? {} : { queue }), check, ...seen });
    if (seen.outcome === "failed" && hiding.has(check)) hider = check;
  }
  return findings;
}
