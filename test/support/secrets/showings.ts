/**
 * Everything that the code under test shows while a test runs: payloads of events, errors, what is printed, the lines of
 * child processes. It waits as text until the test ends, or there is much of it, and is then searched for the secrets.
 *
 * Invariant: what was noted is searched once, whole, and let go of. A finding names the kind of secret and the place,
 * never the secret. It must not know who calls it: `watch.ts` and the harnesses of the tests do.
 */
import { flatErrorText, textOf } from "./rendering.js";
import { createSecretIndex } from "./secret-index.js";

/**
 * What was searched: events, errors, prints (with lines of child processes and warnings), public objects that a test
 * looked into; and the secrets looked for, a key once for each form in which bytes are shown.
 */
export const countNames = ["events", "errors", "prints", "objects", "secrets"] as const;
export type SearchCounts = Readonly<Record<(typeof countNames)[number], number>>;

const index = createSecretIndex();
const counts = { events: 0, errors: 0, prints: 0, objects: 0 };

/** More is searched before the test ends, so that memory stays small. */
const mostCharacters = 4_000_000;
/** Errors are shown in whatever state they are then: what was hung on one later is seen as well. */
const mostErrors = 500;

type MadeError = Error & { readonly code: string };

interface Shown {
  readonly place: string;
  readonly text: string;
}

/** Empty between tests, as is what stands below. */
let shown: Shown[] = [];
let characters = 0;
let errors: MadeError[] = [];
/** Errors that differ from these in their stack alone are not shown again: formatting a stack is what costs. */
let shownErrors = new Set<string>();
/** What was printed, by place: a secret may lie across two chunks. */
let printed = new Map<string, string>();
/** What the search found so far in this test. */
let findings = new Set<string>();

function add(place: string, text: string): void {
  shown.push({ place, text });
  characters += text.length;
  if (characters > mostCharacters) search();
}

function renderErrors(): void {
  const made = errors;
  errors = [];
  for (const error of made) {
    const flat = flatErrorText(error);
    if (flat !== undefined && shownErrors.has(flat)) continue;
    if (flat !== undefined) shownErrors.add(flat);
    add(`the error ${error.code}`, textOf(error));
  }
}

/** All that waits, as text; nothing waits any more. */
function takeShown(): Shown[] {
  renderErrors();
  const all = [...shown, ...[...printed].map(([place, text]) => ({ place, text }))];
  shown = [];
  printed = new Map();
  shownErrors = new Set();
  characters = 0;
  return all;
}

function search(): void {
  for (const { place, text } of takeShown()) for (const kind of index.search(text)) findings.add(`${kind} in ${place}`);
}

/** From now on the secret is looked for; in what waits for the search as well. */
export function lookForSecret(kind: string, value: string): void {
  index.add(kind, value);
}

export function showEvent(name: string, payload: unknown): void {
  counts.events += 1;
  add(`the event ${name}`, textOf(payload));
}

export function showError(error: MadeError): void {
  counts.errors += 1;
  errors.push(error);
  if (errors.length >= mostErrors) renderErrors();
}

/** What a process printed or sent, in chunks as they come; the place says which. */
export function showPrint(place: string, chunk: string): void {
  counts.prints += 1;
  characters += chunk.length;
  printed.set(place, (printed.get(place) ?? "") + chunk);
  if (characters > mostCharacters) search();
}

/** A public object as somebody's debugger or log would show it. */
export function showObject(what: string, value: unknown): void {
  counts.objects += 1;
  add(what, textOf(value));
}

/** Since the test file began. */
export function searchCounts(): SearchCounts {
  return { ...counts, secrets: index.count };
}

/** Searches what waits and gives what was found since the last time: "refresh token in the event queue:failed". */
export function takeFindings(): string[] {
  search();
  const found = [...findings];
  findings = new Set();
  return found;
}

/**
 * Runs `make`, which leaks on purpose: whatever it shows before it returns must hold a secret, or the test fails, for
 * then it plants nothing. `why` is for the reader.
 */
export function plantsLeak<Made>(why: string, make: () => Made): Made {
  search();
  const made = make();
  const planted = takeShown();
  const harmless = planted.filter(({ text }) => index.search(text).length === 0);
  if (planted.length > 0 && harmless.length === 0) return made;
  throw new Error(
    `Expected a planted leak (${why}), got no secret in ${harmless.map(({ place }) => place).join(", ") || "anything shown"}.`,
  );
}
