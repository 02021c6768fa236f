/**
 * Values as a log could show them. Most of what a test suite makes is flat, and an object of nothing but texts and numbers
 * can show nothing else: it is written out without `inspect`, which costs twenty times as much.
 */
import { inspect } from "node:util";

/** All that a log could say of a value: as `inspect` shows it, hidden properties included, and as JSON. */
export function textOf(value: unknown): string {
  const flat = isPlain(value) ? flatTextOf(value) : undefined;
  return flat ?? `${inspect(value, everything)}\n${jsonOf(value)}`;
}

/** What an error shows beside the places in its stack; undefined when more than texts and numbers hangs on it. */
export function flatErrorText(error: Error): string | undefined {
  return flatTextOf(error, "stack");
}

/** `compact` and the endless line keep texts and lists of bytes in one piece. */
const everything = { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null, breakLength: 1e9, compact: true } as const;

function isPlain(value: unknown): value is object {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function flatTextOf(value: object, without?: string): string | undefined {
  let text = "";
  for (const name of Reflect.ownKeys(value)) {
    if (name === without) continue;
    const property = Reflect.getOwnPropertyDescriptor(value, name);
    const held: unknown = property?.value;
    const isFlat = held === null || (typeof held !== "object" && typeof held !== "function" && typeof held !== "symbol");
    if (typeof name === "symbol" || property?.get || !isFlat) return undefined;
    text += `${name}: ${held}\n`;
  }
  return text;
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch (error) {
    // A circle, or a BigInt: it has no JSON, so nothing is shown by it.
    return `no JSON: ${(error as Error).name}`;
  }
}
