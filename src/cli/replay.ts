/**
 * `replay`: messages that rest are delivered again: at once where a daemon runs, else by the next one.
 *
 * Invariant: what is told is durable.
 */
import { ConfigError } from "../base/errors.js";
import type { AddCommand, Work } from "./context.js";
import { exitCodes } from "./exit-codes.js";
import { withTarget } from "./target.js";

interface ReplayOptions {
  readonly all?: boolean;
}

export const replayCommand: AddCommand = (program, does) => {
  program
    .command("replay")
    .description("delivers a message again that rests: in quarantine, settled, gone, skipped, or from before the queue went live")
    .argument("<address>", "the queue")
    .argument("[id]", "the message's immutable id")
    .option("--all", "all that rest in the queue's quarantine, instead of one")
    .action(does(replay));
};

const replay: Work<[string, string | undefined, ReplayOptions]> = async (context, address, id, { all = false }) => {
  if ((id === undefined) !== all) {
    throw new ConfigError("CONFIG_INVALID", "Expected either the id of a message, or --all for the queue's whole quarantine.");
  }
  return withTarget(context, async (target) => {
    const { terminal } = context;
    const { processId } = target;
    const by = processId === undefined ? "by the next `run`" : "by the running daemon";
    let count = 0;
    await target.replay(address, id, (one) => {
      count += 1;
      terminal.result(
        { queue: address, id: one, by: processId === undefined ? "next-run" : "running-daemon" },
        () => `Delivered again ${by}: ${one}`,
      );
    });
    if (count === 0 && !terminal.json) terminal.tell("Nothing rests in quarantine.");
    return exitCodes.done;
  });
};
