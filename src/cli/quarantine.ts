/**
 * `quarantine`: the messages that rest after their last attempt, a line each, of one queue or of all.
 *
 * Invariant: of all, one queue that cannot be asked hides no other's messages.
 */
import { MailError } from "../base/errors.js";
import type { AddCommand, Work } from "./context.js";
import type { Answers, AsJson } from "./control-contract.js";
import { errorJson } from "./error-json.js";
import { type ExitCode, exitCodeOf, folded } from "./exit-codes.js";
import { isInterruption } from "./interruption.js";
import { withTarget } from "./target.js";
import type { Terminal } from "./terminal.js";

export const quarantineCommand: AddCommand = (program, does) => {
  program
    .command("quarantine")
    .description("the messages that rest in quarantine, the oldest first: of one queue, or of all")
    .argument("[address]", "the queue")
    .action(does(quarantine));
};

const quarantine: Work<[string | undefined]> = (context, address) =>
  withTarget(context, async (target) => {
    const { terminal } = context;
    const queues = address === undefined ? (await target.status()).queues.map((queue) => queue.address) : [address];
    let count = 0;
    const codes: ExitCode[] = [];
    for (const queue of queues) {
      try {
        const resting = await target.quarantined(queue);
        for (const one of resting) terminal.result({ queue, ...one }, () => lineOf(terminal, queue, one));
        count += resting.length;
      } catch (error) {
        if (address !== undefined || !(error instanceof MailError) || isInterruption(error)) throw error;
        codes.push(exitCodeOf(error));
        tellFailed(terminal, queue, error);
      }
    }
    if (!terminal.json) terminal.tell(count === 1 ? "1 message rests in quarantine." : `${count} messages rest in quarantine.`);
    return folded(codes);
  });

function tellFailed(terminal: Terminal, queue: string, error: MailError): void {
  const { code, message } = error;
  if (terminal.json) terminal.tell(JSON.stringify({ error: { ...errorJson(error), queue } }));
  else terminal.tell(`${terminal.style("red", code)}: ${queue}: ${message}`);
}

function lineOf({ style }: Terminal, queue: string, { id, quarantinedAt, attempts, crashes, reason }: One): string {
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : what.endsWith("h") ? "es" : "s"}`;
  const tried = [count(attempts, "attempt"), ...(crashes > 0 ? [count(crashes, "crash")] : [])].join(", ");
  return `${style("bold", queue)}  ${id}\n  since ${quarantinedAt}, ${tried}: ${reason}`;
}

type One = AsJson<Answers["quarantined"]>[number];
