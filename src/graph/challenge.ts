/**
 * The claims that Graph wants the next token to answer, out of `WWW-Authenticate` (continuous access evaluation).
 *
 * Invariants: what is no complete claims challenge is none, and nothing throws; each character is looked at once,
 * whatever the header says. Text in quotes is never taken for parameters. It must not know what claims mean.
 * Grammar: RFC 9110 §11.6.1, read leniently: Graph leaves `authorization_uri` unquoted although it holds colons and
 * slashes. Claims are base64 of JSON (Entra: claims-challenge; app-resilience-continuous-access-evaluation).
 */
import { isObject } from "./wire.js";

/** A longer header is not read: claims take a few hundred characters, and Node takes 16 KiB of headers in all. */
const longestHeader = 16_384;

interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case; of a name given twice, the first. */
  readonly parameters: Map<string, string>;
}

/** The claims asked for, as JSON text exactly as it was encoded; nothing when the header is no claims challenge. */
export function challengedClaims(header: string | null | undefined): string | undefined {
  if (!header || header.length > longestHeader) return undefined;
  for (const { scheme, parameters } of parseChallenges(header)) {
    if (scheme !== "bearer" || (parameters.get("error") ?? insufficient) !== insufficient) continue;
    const claims = decoded(parameters.get("claims") ?? "");
    if (claims !== undefined) return claims;
  }
  return undefined;
}

const insufficient = "insufficient_claims";

// Sticky: each takes what stands where the one before ended, or nothing.
const gap = /[\s,]+/y;
const word = /[^\s,="]+/y;
const equals = /\s*=\s*/y;
const quoted = /"((?:[^"\\]|\\.)*)"/sy;
const unquoted = /[^\s,"]*/y;

/** Several headers of the name arrive joined by commas, so a comma may part headers, challenges or parameters. */
function parseChallenges(header: string): Challenge[] {
  const challenges: Challenge[] = [];
  let at = 0;
  function take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at;
    const found = pattern.exec(header);
    at += found?.[0].length ?? 0;
    return found;
  }

  /** Nothing when a quote is never closed: the rest is text of unknown meaning. */
  function takeValue(): string | undefined {
    return header[at] === '"' ? take(quoted)?.[1]?.replace(/\\(.)/gs, "$1") : take(unquoted)?.[0];
  }

  // A scheme stands at the beginning or after a comma; elsewhere a word by itself is a token68, or nonsense.
  for (let mayBeScheme = true; at < header.length; mayBeScheme = false) {
    if (take(gap)?.[0].includes(",")) mayBeScheme = true;
    const name = take(word)?.[0].toLowerCase();
    if (!take(equals) && name !== undefined) {
      if (mayBeScheme) challenges.push({ scheme: name, parameters: new Map() });
      continue;
    }
    const value = takeValue();
    if (value === undefined) break;
    const parameters = challenges.at(-1)?.parameters;
    if (name !== undefined && !parameters?.has(name)) parameters?.set(name, value);
  }
  return challenges;
}

/** Either alphabet, padded or not. */
const base64 = /^[A-Za-z0-9+/_-]+={0,2}$/;

function decoded(text: string): string | undefined {
  if (!base64.test(text)) return undefined;
  try {
    const json = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, "base64"));
    return isObject(JSON.parse(json)) ? json : undefined;
  } catch {
    // Neither UTF-8 nor JSON: nothing that could be passed on, so it is an ordinary refusal.
    return undefined;
  }
}
