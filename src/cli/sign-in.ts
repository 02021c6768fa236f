/**
 * `sign-in`: signs queues in, one account after another, with and without a daemon that runs: it notices by itself.
 *
 * Invariants: one that fails stops no other; a queue that is signed in is left alone unless it is named; several queues
 * of one account are signed in once.
 */
import { InvalidArgumentError } from "commander";
import type { MailDaemon } from "../daemon/mail-daemon.js";
import type { SignInState } from "../daemon/offline.js";
import type { AddCommand, CommandContext, Work } from "./context.js";
import { errorJson } from "./error-json.js";
import { type ExitCode, exitCodeOf, exitCodes, folded } from "./exit-codes.js";
import { interruptedError, isInterruption } from "./interruption.js";
import type { LoadedConfig } from "./load-config.js";
import { assertAskable, assertOneWay, methodFor, type Way, type WayOptions } from "./sign-in-way.js";
import { runningDaemon, withIdleDaemon, withOffline } from "./target.js";
import type { Terminal } from "./terminal.js";

interface SignInOptions extends WayOptions {
  readonly again?: boolean;
}

export const signInCommand: AddCommand = (program, does) => {
  program
    .command("sign-in")
    .description("signs queues in by browser: those named, or all that need it; a daemon that runs goes on within seconds")
    .argument("[address...]", "queues; one that is named is signed in anew, signed in or not")
    .option("--again", "all queues, those that are signed in as well")
    .option("--device-code", "shows a code to be entered on any device, where no browser can reach this machine")
    .option("--password", "asks for a password, which no second factor can pass; advised against")
    .option("--password-stdin", "reads the password of one account from standard input; advised against")
    .option("--try-again", "sends a password once more that was refused before")
    .option("--port <port>", "the loopback port that the browser comes back to, for instance one that SSH forwards", portOf)
    .option("--no-open", "shows the address of the sign-in page and opens no browser")
    .action(does(signIn));
};

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("Expected a port, 0 to 65535.");
}

const signIn: Work<[readonly string[], SignInOptions]> = async (context, addresses, options) => {
  assertOneWay(options);
  assertAskable(options, context.terminal);
  const loaded = await context.load();
  const { terminal, interrupts } = context;
  const states = await withOffline(loaded, async (store) => {
    for (const address of addresses) store.find(address);
    return store.signIns();
  });
  const waiting = await waitingQueues(context, loaded, addresses);
  const isChosen = ({ queue, problem }: SignInState) =>
    addresses.length > 0
      ? addresses.some((address) => address.toLowerCase() === queue.toLowerCase())
      : options.again === true || problem !== undefined || waiting.has(queue.toLowerCase());
  const accounts = groupsOf(states.filter(isChosen));
  assertOneWay(options, accounts.size);
  if (addresses.length === 0) for (const state of states) if (!isChosen(state)) tellSkipped(terminal, state);

  const way: Way = { context, options, simulator: loaded.config.simulator };
  const codes: ExitCode[] = [];
  await withIdleDaemon(loaded, async (daemon) => {
    for (const queues of accounts.values()) {
      codes.push(interrupts.gentle.aborted ? exitCodes.interrupted : await signInOne(daemon, queues, way));
      // A Ctrl-C that was typed at a question is no signal, and ends the others too.
      if (codes.includes(exitCodes.interrupted)) return;
    }
  });
  if (accounts.size === 0 && !terminal.json) terminal.tell("All queues are signed in. Name one, or give --again, to sign it in anew.");
  return folded(codes);
};

type Queues = readonly [SignInState, ...SignInState[]];

/** By account. */
function groupsOf(states: readonly SignInState[]): Map<string, Queues> {
  const groups = new Map<string, Queues>();
  for (const state of states) {
    const key = state.account.toLowerCase();
    const group = groups.get(key);
    groups.set(key, group ? [...group, state] : [state]);
  }
  return groups;
}

/** Queues of which the daemon that runs knows that somebody has to sign in, which the vault does not tell: in lower case. */
async function waitingQueues(context: CommandContext, loaded: LoadedConfig, named: readonly string[]): Promise<ReadonlySet<string>> {
  if (named.length > 0) return new Set();
  try {
    const status = await (await runningDaemon(context, loaded))?.ask("status", {});
    const waiting = status?.queues.filter(({ state }) => state === "waiting-for-sign-in") ?? [];
    return new Set(waiting.map(({ address }) => address.toLowerCase()));
  } catch (error) {
    if (isInterruption(error)) throw error;
    const { code, message } = errorJson(error);
    context.terminal.tell(`${code}: ${message} Only what the vault tells is known.`);
    return new Set();
  }
}

/** Never rejects. */
async function signInOne(daemon: MailDaemon, queues: Queues, way: Way): Promise<ExitCode> {
  const { terminal, interrupts } = way.context;
  const [{ queue, account }] = queues;
  try {
    const { expiresAt, queue: _, account: __, ...result } = await daemon.signIn(queue, await methodFor(account, way));
    const told = { outcome: "signed-in", ...result, expiresAt: new Date(expiresAt).toISOString() };
    for (const one of queues) {
      terminal.result(
        { queue: one.queue, account, ...told },
        () => `${terminal.style("green", "Signed in:")} ${one.queue}${asAccount(one)}`,
      );
    }
    return exitCodes.done;
  } catch (cause) {
    const error = interrupts.gentle.aborted ? interruptedError("The sign-in was given up.") : cause;
    for (const one of queues) tellFailed(terminal, one, errorJson(error));
    return exitCodeOf(error);
  }
}

function tellFailed(terminal: Terminal, one: SignInState, error: ReturnType<typeof errorJson>): void {
  const { code, message, remedy, step } = error;
  terminal.result({ queue: one.queue, account: one.account, outcome: "failed", error }, () =>
    [
      `${terminal.style("red", "Failed:")} ${one.queue}${asAccount(one)}: ${code}: ${message}`,
      ...(remedy === undefined ? [] : [`  What to do: ${remedy}`]),
      ...(step === undefined ? [] : [`  See docs/setup-entra.md#${step}`]),
    ].join("\n"),
  );
}

function tellSkipped(terminal: Terminal, one: SignInState): void {
  const { queue, account } = one;
  terminal.result({ queue, account, outcome: "skipped" }, () => `Signed in already: ${queue}${asAccount(one)}`);
}

function asAccount({ queue, account }: SignInState): string {
  return account.toLowerCase() === queue.toLowerCase() ? "" : ` as ${account}`;
}
