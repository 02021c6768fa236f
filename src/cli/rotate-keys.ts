/** `rotate-keys`: seals the whole vault with the first key, by the running daemon where there is one. */
import type { AddCommand, Work } from "./context.js";
import { exitCodes } from "./exit-codes.js";
import { runningDaemon, withIdleDaemon } from "./target.js";

export const rotateKeysCommand: AddCommand = (program, does) => {
  program
    .command("rotate-keys")
    .description("seals all tokens with the first of the configured keys, also while the daemon runs")
    .action(does(rotateKeys));
};

const rotateKeys: Work = async (context) => {
  const { terminal } = context;
  const loaded = await context.load();
  const daemon = await runningDaemon(context, loaded);
  const result = daemon ? await daemon.ask("rotateKeys", {}) : await withIdleDaemon(loaded, (idle) => idle.rotateKeys());
  const { resealed, current, failed } = result;
  terminal.result(result, () =>
    [
      `${resealed} sealed with the first key, ${current} were already`,
      ...failed.map(({ account, code, reason }) => `${terminal.style("red", code)} ${account}: ${reason}`),
    ].join("\n"),
  );
  return failed.length === 0 ? exitCodes.done : exitCodes.store;
};
