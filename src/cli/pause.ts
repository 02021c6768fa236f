/** `pause`, `resume` and `poll`: has the running daemon hold a queue, go on with it, or ask for its mail now. */
import type { AddCommand, CommandContext, Work } from "./context.js";
import { exitCodes } from "./exit-codes.js";
import { demandDaemon } from "./target.js";

export const pauseCommand: AddCommand = (program, does) => {
  program
    .command("pause")
    .description("has the running daemon neither poll a queue nor begin deliveries of it, until `resume` or its next start")
    .argument("<address>", "the queue")
    .action(does(asking("pause", "paused", "Paused")));
};

export const resumeCommand: AddCommand = (program, does) => {
  program
    .command("resume")
    .description("has the running daemon go on with a queue that was paused")
    .argument("<address>", "the queue")
    .action(does(asking("resume", "resumed", "Resumed")));
};

export const pollCommand: AddCommand = (program, does) => {
  program
    .command("poll")
    .description("has the running daemon ask for a queue's mail now, and waits until what is there is recorded")
    .argument("<address>", "the queue")
    .action(does(asking("pollNow", "polled", "Polled")));
};

function asking(request: "pause" | "resume" | "pollNow", outcome: string, word: string): Work<[string]> {
  return async (context: CommandContext, address) => {
    const daemon = await demandDaemon(context, "That is done by a running daemon");
    await daemon.ask(request, { address });
    context.terminal.result({ queue: address, outcome }, () => `${word}: ${address}`);
    return exitCodes.done;
  };
}
