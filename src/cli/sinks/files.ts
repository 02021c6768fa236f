/**
 * Files: an `.eml` and a `.json` for each mail, in a folder for each queue.
 *
 * Invariants: the names are made of the idempotency key, so a mail that comes a second time overwrites its own files and
 * no other's; the `.json` comes last, so whoever sees it finds the mail whole; acknowledged is what is durable. Mail whose
 * MIME Graph refuses for good is a `.json` that says so, and nothing is believed to be for good at the first answer but damage.
 */
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { ConfigError, MailError, type MailErrorCode } from "../../base/errors.js";
import type { Delivery } from "../../delivery/delivery.js";
import { isDamage } from "../../mailbox/reduced.js";
import { safeName } from "../../mailbox/safe-name.js";
import { type FiledMailJson, mailJson, nameOfKey } from "../mail-json.js";
import { makeFolder, syncFolder, writeWhole } from "./durable-file.js";
import { nothingToClose, patientAttempts, type Sink } from "./sink.js";

/** Milliseconds that a mail has from one piece of its MIME to the next, however long all of it takes. */
const pieceMs = 900_000;
/** From this attempt on, about twenty minutes after the first, a refusal is believed that may have been a passing one. */
const believedAt = 9;

/** @throws ConfigError `CONFIG_INVALID` when the folder cannot be made or written to */
export async function filesSink(folder: string): Promise<Sink> {
  try {
    await makeFolder(folder);
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new ConfigError(
      "CONFIG_INVALID",
      `Expected \`deliverTo.files\` to be a folder that can be written to: ${folder}${systemCode(error)}.`,
    );
  }
  return {
    where: `files in ${folder}`,
    maxAttempts: patientAttempts,
    tellsReasons: true,
    async handler(delivery) {
      try {
        await file(delivery, folder);
      } catch (error) {
        if (delivery.signal.aborted || error instanceof MailError) throw error;
        throw new MailError("DELIVERY_HANDLER_FAILED", `The files of a mail could not be written below ${folder}${systemCode(error)}.`);
      }
    },
    close: nothingToClose,
  };
}

async function file(delivery: Delivery, folder: string): Promise<void> {
  const { queue, key, signal } = delivery;
  // Two queues whose names become the same share a folder: the key's own name tells their mail apart.
  const place = join(folder, safeName(queue.toLowerCase()));
  await makeFolder(place);
  const name = nameOfKey(key);
  const mime = await writeMime(delivery, place, `${name}.eml`);
  const json: FiledMailJson = { ...mailJson(delivery), mime };
  await writeWhole(join(place, `${name}.json`), `${JSON.stringify(json, undefined, 2)}\n`, signal);
  await syncFolder(place);
}

async function writeMime(delivery: Delivery, place: string, name: string): Promise<FiledMailJson["mime"]> {
  const { signal } = delivery;
  try {
    await writeWhole(join(place, name), async () => unhurried(delivery), signal);
    return { file: name };
  } catch (error) {
    const refused = refusalOf(error, delivery.attempt);
    if (refused === undefined || signal.aborted) throw error;
    return { refused };
  }
}

/** Its MIME; a large mail has its time for as long as something of it comes. */
async function* unhurried({ message, signal, extend }: Delivery): AsyncIterable<Uint8Array> {
  for await (const piece of await message.mime({ signal })) {
    extend(pieceMs);
    yield piece;
  }
}

/**
 * What Graph refuses for good. Damage it says by a code of its own; that a mail is too large, is not there or is refused is
 * believed after some attempts only, as a mailbox that moves and a gateway in trouble say the same.
 */
function refusalOf(error: unknown, attempt: number): MailErrorCode | undefined {
  const isFinal = error instanceof MailError && error.code.startsWith("GRAPH_") && error.scope === "call" && !error.retryable;
  return isFinal && (isDamage(error) || attempt >= believedAt) ? error.code : undefined;
}

function systemCode(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? "" : ` (${code})`;
}
