/**
 * Texts and lists as Graph gives them, made safe to hold.
 *
 * Invariant: a text is a string of whole characters. Half a surrogate pair, which no encoding of the host's could write
 * down, becomes U+FFFD; everything else stays, control characters and marks of direction too: they are the mail's.
 */
import type { Json } from "../graph/wire.js";

/** Empty where it is none. */
export function mailText(value: Json | undefined): string {
  return typeof value === "string" ? value.toWellFormed() : "";
}

/** Absent where it is none. */
export function optionalText(value: Json | undefined): string | undefined {
  return typeof value === "string" ? value.toWellFormed() : undefined;
}

/** Empty where it is none. */
export function mailList(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}
