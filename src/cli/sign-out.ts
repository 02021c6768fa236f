/** `sign-out`: removes an account's tokens from the vault, and from the memory of the daemon that runs. */
import type { AddCommand, Work } from "./context.js";
import { exitCodes } from "./exit-codes.js";
import { runningDaemon, withIdleDaemon, withOffline } from "./target.js";

export const signOutCommand: AddCommand = (program, does) => {
  program
    .command("sign-out")
    .description("removes the tokens of a queue's account; queues that share the account are signed out with it")
    .argument("<address>", "the queue")
    .action(does(signOut));
};

const signOut: Work<[string]> = async (context, address) => {
  const { terminal } = context;
  const loaded = await context.load();
  const daemon = await runningDaemon(context, loaded);
  const removed = daemon ? await daemon.ask("signOut", { address }) : await withIdleDaemon(loaded, (idle) => idle.signOut(address));
  const owner = daemon ? undefined : await withOffline(loaded, (store) => store.owner());
  if (owner) terminal.tell(`${owner.message} It cannot be told: the access token in its memory serves until it ends.`);
  terminal.result({ queue: address, removed }, () => (removed ? `Signed out: ${address}` : `Nobody was signed in: ${address}`));
  return exitCodes.done;
};
