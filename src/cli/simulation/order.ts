/** `simulate deliver`: a mail into a simulator that runs. */
import { checked } from "../../base/check.js";
import { ConfigError, MailError } from "../../base/errors.js";
import type { CommonOptions, Work } from "../context.js";
import { exitCodes } from "../exit-codes.js";
import { interruptedError } from "../interruption.js";
import { messageOf } from "./build.js";
import { configuration } from "./configuration.js";
import { addressSchema, messageSchema } from "./message-schema.js";
import { defaultPort } from "./plan.js";

export interface DeliverOptions {
  readonly url?: string;
  readonly subject?: string;
  readonly body?: string;
  readonly from?: string;
  readonly folder?: string;
  readonly attach?: readonly string[];
  readonly count: number;
}

/** The command, as far as its options for all commands are asked of it. */
interface AnyCommand {
  optsWithGlobals(): object;
}

export const deliver: Work<[string, DeliverOptions, AnyCommand]> = async (context, address, options, command) => {
  const { config } = command.optsWithGlobals() as CommonOptions;
  const url = options.url ?? (await configuration(context, config))?.simulator ?? `http://127.0.0.1:${defaultPort}`;
  const { createControl } = await import("../../../simulator/index.js");
  const control = named("--url", () => createControl(url));
  checked(addressSchema, address, "<address>");
  const { subject, body, from, folder, attach, count } = options;
  const attachments = attach?.map((file) => ({ file }));
  const seed = checked(messageSchema, { subject, text: body, from, attachments }, "the mail");
  const message = await messageOf(seed, context.folder).catch((cause: Error) => {
    throw new ConfigError("CONFIG_INVALID", `An attachment cannot be read: ${cause.message}`, { cause });
  });
  const ids: string[] = [];
  for (let number = 0; number < count; number += 1) {
    if (context.interrupts.gentle.aborted) throw interruptedError(`It was interrupted after ${ids.length} of ${count} mails.`);
    ids.push(await ordered(() => control.deliver(address, message, folder), url));
  }
  context.terminal.result({ address, ids }, () => `Delivered to ${address}: ${ids.join(" ")}`);
  return exitCodes.done;
};

/** What it throws names the flag. */
function named<T>(flag: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new ConfigError("CONFIG_INVALID", `${flag}: ${(cause as Error).message}`, { cause });
  }
}

async function ordered<T>(order: () => Promise<T>, url: string): Promise<T> {
  try {
    return await order();
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw new ConfigError("CONFIG_INVALID", (cause as Error).message, { cause });
    throw new MailError(
      "GRAPH_UNREACHABLE",
      `No simulator answers at ${url}: start one with \`m365-mail-daemon simulate\`, or name its address with --url.`,
    );
  }
}
