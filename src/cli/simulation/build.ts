/**
 * From a seed to a simulator with users, mails and faults in it.
 *
 * Invariant: what the simulator refuses of a seed is a `ConfigError` that names the place.
 */
import { readFile } from "node:fs/promises";
import { basename, resolve } from "node:path";
import type {
  AppState,
  DamageOptions,
  Fault,
  NewAttachment,
  NewMessage,
  NewUser,
  SimulatedMailbox,
  Simulator,
  SimulatorOptions,
} from "../../../simulator/index.js";
import { ConfigError } from "../../base/errors.js";
import { stated } from "../../base/stated.js";
import { folderAt, makeFolder } from "./folder-path.js";
import type { BareMessage, SeedAttachment, SeedMessage } from "./message-schema.js";
import type { LoadedSeed, SeedUser } from "./seed.js";

/** Of every user whose seed names none: worth nothing, and easy to type. */
export const defaultPassword = "letmein";

/** @throws ConfigError `CONFIG_INVALID` */
export async function buildSimulator({ seed, folder, name }: LoadedSeed): Promise<Simulator> {
  const { createSimulator } = await import("../../../simulator/index.js");
  // What a seed leaves out is left out, not undefined.
  const simulator = createSimulator(stated({ ...seed.simulator }) as SimulatorOptions);
  const at = placesIn(name);
  if (seed.app) simulator.setApp(stated(seed.app) as Partial<AppState>);
  for (const [index, user] of seed.users.entries()) {
    const place = `users[${index}]`;
    await at(place, () => void simulator.addUser({ password: defaultPassword, ...(stated(user) as unknown as NewUser) }));
    for (const path of user.folders ?? []) await at(`${place}.folders`, () => void makeFolder(simulator.mailbox(user.address), path));
    for (const [number, message] of (user.messages ?? []).entries()) {
      await at(`${place}.messages[${number}]`, () => deliver(simulator.mailbox(user.address), message, folder));
    }
    if (user.full) await at(place, () => simulator.mailbox(user.address).setFull(true));
  }
  for (const [index, { address, sharedWith }] of seed.users.entries())
    await at(`users[${index}].sharedWith`, () => share(simulator, address, sharedWith));
  for (const fault of seed.faults ?? []) simulator.faults.add(stated(fault) as Fault);
  return simulator;
}

function share(simulator: Simulator, address: string, sharedWith: SeedUser["sharedWith"] = []): void {
  for (const one of sharedWith) simulator.user(address).grantAccess(one);
}

/** Runs a step; what it throws names the place. */
function placesIn(name: string) {
  return async (place: string, step: () => unknown): Promise<void> => {
    try {
      await step();
    } catch (cause) {
      throw new ConfigError("CONFIG_INVALID", `${basename(name)}: \`${place}\`: ${(cause as Error).message}`, { cause });
    }
  };
}

async function deliver(mailbox: SimulatedMailbox, seed: SeedMessage, folder: string): Promise<void> {
  const message = await messageOf(seed, folder);
  const place = folderAt(mailbox, seed.folder ?? "inbox");
  for (let number = 0; number < (seed.count ?? 1); number += 1) {
    const id = seed.unseen ? mailbox.deliverUnseen(message, place) : mailbox.deliver(message, place);
    if (seed.damage) mailbox.damage(id, seed.damage === true ? {} : (stated(seed.damage) as DamageOptions));
  }
}

/** The simulator's own form of a mail; `folder` is what paths of files are relative to. */
export async function messageOf(seed: SeedMessage, folder: string): Promise<NewMessage> {
  const attachments: NewAttachment<NewMessage>[] = [];
  for (const one of seed.attachments ?? []) attachments.push(await attachmentOf(one, folder));
  return { ...bareMessage(seed), ...(attachments.length === 0 ? {} : { attachments }) };
}

type Person = NonNullable<BareMessage["from"]>;
const party = (given: Person) => (typeof given === "string" ? { address: given } : (stated(given) as { name?: string; address: string }));

function bareMessage(seed: BareMessage): NewMessage {
  const { from, to, cc, replyTo, text, html, receivedAt } = seed;
  const { subject, uniqueBody, isRead, categories, conversationId, internetMessageId, headers, importance } = seed;
  const plain = { subject, uniqueBody, isRead, categories, conversationId, internetMessageId, headers, importance };
  const bodyOf = (contentType: "text" | "html", content: string | undefined) =>
    content === undefined ? undefined : { contentType, content };
  return stated({
    ...plain,
    from: from && party(from),
    to: to?.map(party),
    cc: cc?.map(party),
    replyTo: replyTo?.map(party),
    body: bodyOf("text", text) ?? bodyOf("html", html),
    receivedAt: receivedAt === undefined ? undefined : new Date(receivedAt),
  }) as NewMessage;
}

async function attachmentOf(seed: SeedAttachment, folder: string): Promise<NewAttachment<NewMessage>> {
  const { name, contentType, isInline, contentId, text, bytes, file, message, link, damage } = seed;
  const all = { name, contentType, isInline, damage: damage && stated(damage) };
  if (link) return stated({ ...all, kind: "reference" }) as NewAttachment<NewMessage>;
  if (message) {
    const item = { type: "message", message: bareMessage(message) };
    return stated({ ...all, name: name ?? message.subject, kind: "item", item }) as NewAttachment<NewMessage>;
  }
  const content = file === undefined ? (text ?? bytes) : await readFile(resolve(folder, file));
  const called = name === undefined && file !== undefined ? basename(file) : name;
  return stated({ ...all, name: called, contentId, content }) as NewAttachment<NewMessage>;
}
