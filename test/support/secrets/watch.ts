/**
 * The secret grep (`check-secrets.ts` puts it around every test): what the simulators issue (and every key of 32 random bytes) is looked for in every
 * event, error, print and warning of this process, and in what harnesses hand on from others. A find fails the test.
 *
 * It sees the emitter of `src/base/emitter.ts` (eventemitter3 itself; subclasses of libraries speak to themselves),
 * `MailError` by `error-witness.ts`, and what is written to the console and the standard streams.
 */
import { EventEmitter } from "eventemitter3";
import type { TestContext } from "vitest";
import { errorWitness } from "./error-witness.js";
import { onSecret } from "./issued-secrets.mjs";
import { countNames, lookForSecret, type SearchCounts, searchCounts, showError, showEvent, showPrint, takeFindings } from "./showings.js";

onSecret(lookForSecret);

const emit = EventEmitter.prototype.emit as (this: EventEmitter, ...given: unknown[]) => boolean;
EventEmitter.prototype.emit = function (this: EventEmitter, ...given: unknown[]): boolean {
  // The emitter of the product hands its listeners the name as well.
  if (Object.getPrototypeOf(this) === EventEmitter.prototype) showEvent(String(given[0]), given[2]);
  return emit.apply(this, given);
} as typeof EventEmitter.prototype.emit;

Object.assign(globalThis, { [Symbol.for(errorWitness)]: showError });

function watchStream(place: string, stream: { write(...given: never[]): boolean }): void {
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean;
  stream.write = (...given: unknown[]) => {
    showPrint(place, typeof given[0] === "string" ? given[0] : Buffer.from(given[0] as Uint8Array).toString());
    return write(...given);
  };
}
watchStream("what was written to stdout", process.stdout);
watchStream("what was written to stderr", process.stderr);
// The runner's console has streams of its own; the properties are Node's, without a public name.
const { _stdout, _stderr } = console as unknown as Record<"_stdout" | "_stderr", { write(...given: never[]): boolean }>;
watchStream("what was printed to the console", _stdout);
watchStream("what was printed to the console", _stderr);

process.on("warning", (warning) => showPrint("a warning of the process", `${warning.stack}\n`));

export function assertNothingFound(when: string): void {
  const found = takeFindings();
  if (found.length > 0) throw new Error(`${when} shows a secret: ${found.join("; ")}`);
}

/** Runs a test and fails it when it shows a secret. */
export async function checkSecrets(runTest: () => Promise<void>, { task }: TestContext): Promise<void> {
  const before = searchCounts();
  assertNothingFound("Something before the test");
  try {
    await runTest();
  } finally {
    const after = searchCounts();
    task.meta.searched = Object.fromEntries(countNames.map((name) => [name, after[name] - before[name]])) as unknown as SearchCounts;
    assertNothingFound("The test");
  }
}
