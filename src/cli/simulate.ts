/**
 * `simulate`: Microsoft 365 on this machine, for trying everything without a tenant.
 *
 * Invariants: it listens on loopback alone, knows no real account, and keeps nothing: with its process all of it ends.
 */
import { resolve } from "node:path";
import { type Command, InvalidArgumentError } from "commander";
import type { LoopbackDoor, SimulatedMailbox, Simulator } from "../../simulator/index.js";
import { sleep, systemClock } from "../base/clock.js";
import { ConfigError } from "../base/errors.js";
import type { AddCommand, CommandContext, CommonOptions, Work } from "./context.js";
import { exitCodes } from "./exit-codes.js";
import { buildSimulator, defaultPassword, messageOf } from "./simulation/build.js";
import { deliver } from "./simulation/order.js";
import { planOf, type SimulateOptions } from "./simulation/plan.js";
import { sampleMail } from "./simulation/sample-mail.js";
import { type ShownUser, welcome } from "./simulation/welcome.js";
import { writePrivate } from "./write-private.js";

/** A whole number of at least `least`. */
const whole =
  (least: number, most: number) =>
  (text: string): number => {
    const number = Number(text);
    if (/^\d+$/.test(text) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
  };

function seconds(text: string): number {
  const number = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && number >= 0.1 && number <= 86_400) return number;
  throw new InvalidArgumentError("Expected seconds, from 0.1 to 86400.");
}

export const simulateCommand: AddCommand = (program, does) => {
  const command = program
    .command("simulate")
    .description("runs a simulator of Microsoft 365 on this machine, until Ctrl-C")
    .option(
      "--port <port>",
      "where it listens on 127.0.0.1; 0 picks a free one (default: what the configuration's `simulator` says, else 8365)",
      whole(0, 65_535),
    )
    .option("--queue <address...>", "users with a mailbox (default: the configuration's queues, else two)")
    .option("--users <n>", "so many more users: queue-1@contoso.com, queue-2@contoso.com, …", whole(1, 10_000))
    .option("--seed-file <json>", "users, mails and faults to begin with: docs/testing.md")
    .option("--mails <n>", "how many mails lie in each mailbox that no seed file names", whole(0, 10_000), 3)
    .option("--mail-every <seconds>", "a mail arrives so often, in one mailbox after the other", seconds)
    .option("--tokens <file>", "writes a refresh token for each user into this file, for `import-tokens`")
    .option("--seed <n>", "seeds every random choice (default: 1)", whole(0, 2 ** 32 - 1))
    .action(does(simulate));
  command
    .command("deliver")
    .argument("<address>", "into whose mailbox")
    .description("puts a mail into a simulator that runs")
    .option("--subject <text>", "its subject")
    .option("--body <text>", "its text")
    .option("--from <address>", "who sends it")
    .option("--folder <name>", "where it lies (default: inbox)")
    .option("--attach <file...>", "files to attach")
    .option("--count <n>", "how many of it", whole(1, 10_000), 1)
    .option("--url <url>", "the simulator's address (default: the configuration's `simulator`, else http://127.0.0.1:8365)")
    .action(does(deliver));
};

const simulate: Work<[SimulateOptions, Command]> = async (context, options, command) => {
  const { terminal, interrupts } = context;
  const { config } = command.optsWithGlobals<CommonOptions>();
  const plan = await planOf(context, options, config);
  const simulator = await buildSimulator(plan);
  const users = plan.seed.users.map(
    ({ address, password = defaultPassword, mailbox = true }): ShownUser => ({
      address,
      password,
      mails: mailbox ? simulator.mailbox(address).messages().length : 0,
    }),
  );
  const tokens = options.tokens === undefined ? undefined : resolve(context.folder, options.tokens);
  const door = await open(simulator, plan.port);
  try {
    if (tokens !== undefined) await writeTokens(tokens, simulator, users);
    const { clientId, tenantId, seed } = simulator;
    const result = { url: door.url, clientId, tenantId, seed, users, ...(tokens === undefined ? {} : { tokens }) };
    terminal.result(result, () => welcome(result, plan.configured, terminal));
    const mailboxes = plan.seed.users.filter(({ mailbox = true }) => mailbox).map(({ address }) => simulator.mailbox(address));
    if (options.mailEvery === undefined || mailboxes.length === 0) await untilAborted(interrupts.gentle);
    else await deliverEvery(options.mailEvery * 1_000, mailboxes, context);
  } finally {
    await door.close();
  }
  return exitCodes.done;
};

/** @throws ConfigError `CONFIG_INVALID` where the port is taken */
async function open(simulator: Simulator, port: number): Promise<LoopbackDoor> {
  try {
    return await simulator.listen({ port, control: true });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "something else listens there; end it, or name another port with --port" : message;
    throw new ConfigError("CONFIG_INVALID", `Port ${port} of 127.0.0.1 cannot be had: ${why}.`, { cause });
  }
}

/** As `import-tokens` takes them: a line for each, in a file that is its owner's alone. */
async function writeTokens(file: string, simulator: Simulator, users: readonly ShownUser[]): Promise<void> {
  const lines = users.map(({ address }) => JSON.stringify({ address, refreshToken: simulator.user(address).issueRefreshToken() }));
  try {
    await writePrivate(file, `${lines.join("\n")}\n`);
  } catch (cause) {
    throw new ConfigError("CONFIG_INVALID", `The tokens cannot be written: ${(cause as Error).message}`, { cause });
  }
}

/** The listening socket keeps the process alive meanwhile. */
function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

async function deliverEvery(
  everyMs: number,
  mailboxes: readonly SimulatedMailbox[],
  { terminal, interrupts: { gentle }, folder }: CommandContext,
): Promise<void> {
  for (let number = 0; !gentle.aborted; number += 1) {
    await sleep(systemClock, everyMs, gentle).catch(() => undefined);
    if (gentle.aborted) return;
    const mailbox = mailboxes[number % mailboxes.length] as SimulatedMailbox;
    const message = await messageOf(sampleMail(number), folder);
    const id = mailbox.deliver(message);
    const { address } = mailbox;
    const { subject } = message;
    terminal.result({ delivered: { address, id, subject } }, () => terminal.style("dim", `A mail for ${address}: ${subject}`));
  }
}
