/** `sweep`: has the running daemon compare mailbox and ledger now. */
import type { AddCommand, Work } from "./context.js";
import { exitCodes } from "./exit-codes.js";
import { demandDaemon } from "./target.js";

export const sweepCommand: AddCommand = (program, does) => {
  program
    .command("sweep")
    .description("has the running daemon list the folders of a queue, or of all, and compare them with its ledger")
    .argument("[address]", "the queue")
    .action(does(sweep));
};

const sweep: Work<[string | undefined]> = async (context, address) => {
  const daemon = await demandDaemon(context, "A sweep is made by a running daemon");
  const result = await daemon.ask("sweep", address === undefined ? {} : { address });
  const { listed, known, found, gone } = result;
  context.terminal.result(result, () => `${listed} listed, ${known} known, ${found} found and to be delivered, ${gone} gone`);
  return exitCodes.done;
};
