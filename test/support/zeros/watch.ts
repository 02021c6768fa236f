/**
 * The two zeros (`check-zeros.ts` asks for them around every test): no simulator of this process is asked before a `Retry-After`
 * has passed, and none sees more than four requests to a mailbox at once, as its own log counts them.
 *
 * Tests of the simulator itself break its rules on purpose and are not asked; another that must says so by `expectTrespass`.
 */
import { subscribe } from "node:diagnostics_channel";
import type { TestContext } from "vitest";
import type { SimulatedRequest } from "../../../simulator/traffic/request-channel.js";

/** What Graph allows a mailbox at once (throttling limits of Outlook). */
const width = 4;

const counts = { requests: 0 };
let trespasses: string[] = [];
/** Why the test may; empty while it may not. */
let excuse: string | undefined;
/** Whether the test judges by itself. */
let judged = false;

subscribe("m365-mail-daemon/simulator:request", (told) => {
  const request = told as SimulatedRequest;
  if (request.kind === "any") counts.requests += 1;
  else if (request.kind === "early") {
    const { route, mailbox, afterMs, earlyMs } = request;
    trespasses.push(`${route} of ${mailbox} ${afterMs} ms after a refusal, ${earlyMs} ms before its Retry-After had passed`);
  } else if (request.atOnce > width) trespasses.push(`${request.atOnce} requests at once to ${request.mailbox}`);
});

/** The running test breaks the rules on purpose. `why`: what it does that the daemon never would. */
export function expectTrespass(why: string): void {
  excuse = why;
}

/**
 * The running test judges by itself what its simulators saw, as it kills processes. `why`: what it lets pass, since a
 * process that dies takes the pause that it has just heard of with it.
 */
export function judgesTrespass(_why: string): void {
  judged = true;
}

/** Runs a test and fails it when a simulator saw what its rules forbid. */
export async function checkZeros(runTest: () => Promise<void>, { task }: TestContext): Promise<void> {
  const before = counts.requests;
  [trespasses, excuse, judged] = [[], undefined, false];
  const isAsked = () => !judged && !/\/test\/(unit\/simulator|oidc|chromium)\//.test(task.file.filepath.replaceAll("\\", "/"));
  try {
    await runTest();
  } finally {
    if (isAsked() && excuse === undefined) task.meta.zeros = { requests: counts.requests - before, trespasses };
  }
  if (!isAsked()) return;
  if (excuse !== undefined) {
    if (trespasses.length === 0) throw new Error(`The test says that it trespasses (${excuse}), and does not.`);
    return;
  }
  if (trespasses.length > 0) throw new Error(`A daemon of the test trespasses: ${trespasses.join("; ")}`);
}
