/** `explain`: the whole story of one message, asked of the running daemon, or of its store. */
import { MailError } from "../base/errors.js";
import type { AddCommand, Work } from "./context.js";
import type { Answers, AsJson } from "./control-contract.js";
import { exitCodes } from "./exit-codes.js";
import { withTarget } from "./target.js";

export const explainCommand: AddCommand = (program, does) => {
  program
    .command("explain")
    .description("what became of one message: found when and by what, its attempts, its failures, where it rests, its mark")
    .argument("<address>", "the queue")
    .argument("<id>", "the message's immutable id")
    .action(does(explain));
};

const explain: Work<[string, string]> = (context, address, id) =>
  withTarget(context, async (target) => {
    const story = await target.explain(address, id);
    if (!story) throw new MailError("DELIVERY_UNKNOWN_MESSAGE", `${address} never saw a message ${id}.`, { queue: address, messageId: id });
    context.terminal.result({ queue: address, ...story }, () => linesOf(story).join("\n"));
    return exitCodes.done;
  });

type Story = NonNullable<AsJson<Answers["explain"]>>;

function linesOf(story: Story): string[] {
  const { id, key, state, attempts, crashes, failures, changedElsewhere, mark } = story;
  const times = ["receivedAt", "foundAt", "nextAttemptAt", "missingSince", "absentSince", "replayedAt"] as const;
  const ends = ["settledAt", "quarantinedAt", "goneAt", "skippedAt"] as const;
  const dated = [...times, ...ends].flatMap((name) => (story[name] === undefined ? [] : [line(name, story[name])]));
  return [
    line("id", id),
    line("key", key),
    line("state", story.suspect ? `${state} (in flight at a crash: delivered alone)` : state),
    ...(story.folder === undefined ? [] : [line("folder", story.folder)]),
    line("foundBy", story.foundBy),
    ...dated,
    line("attempts", `${attempts}${crashes > 0 ? `, and ${crashes} that ended with the process` : ""}`),
    ...failures.map(({ at, attempt, error }) => line("failure", `attempt ${attempt} at ${at}: ${error}`)),
    ...(changedElsewhere.length === 0 ? [] : [line("elsewhere", changedElsewhere.join(", "))]),
    ...(mark ? [line("mark", markText(mark))] : []),
  ];
}

function markText({ wanted, tries, madeAt, failed }: NonNullable<Story["mark"]>): string {
  const what = JSON.stringify(wanted);
  if (failed !== undefined) return `${what}: ${failed}`;
  return madeAt === undefined ? `${what}, waits${tries ? ` after ${tries} tries` : ""}` : `${what}, made at ${madeAt}`;
}

function line(name: string, value: string): string {
  return `${name.padEnd(14)} ${value}`;
}
