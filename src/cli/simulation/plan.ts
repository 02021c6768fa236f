/**
 * With what `simulate` begins: what a seed file says, what the flags say, or what the configuration in the folder asks for.
 *
 * Invariant: a flag goes before the file, the file before the configuration, and what nobody says has a default.
 */
import { resolve } from "node:path";
import { z } from "zod";
import { checked } from "../../base/check.js";
import type { CommandContext } from "../context.js";
import { configuration } from "./configuration.js";
import { addressSchema } from "./message-schema.js";
import { sampleMail } from "./sample-mail.js";
import { type LoadedSeed, loadSeed, type SeedUser } from "./seed.js";

export interface SimulateOptions {
  readonly port?: number;
  readonly queue?: readonly string[];
  readonly seedFile?: string;
  readonly users?: number;
  readonly mails: number;
  readonly mailEvery?: number;
  readonly tokens?: string;
  readonly seed?: number;
}

export interface SimulationPlan extends LoadedSeed {
  readonly port: number;
  /** The address that the configuration in the folder gives it; undefined where it was not asked, or gives none. */
  readonly configured: string | undefined;
}

export const defaultPort = 8365;
const defaultQueues = ["support@contoso.com", "sales@contoso.com"];

/** @throws ConfigError `CONFIG_INVALID` */
export async function planOf(context: CommandContext, options: SimulateOptions, configFile?: string): Promise<SimulationPlan> {
  const { users = 0, seedFile, port, seed: random } = options;
  const queue = checked(z.array(addressSchema), options.queue ?? [], "--queue");
  const named = [...queue, ...Array.from({ length: users }, (_, index) => `queue-${index + 1}@contoso.com`)];
  const file = seedFile === undefined ? undefined : await loadSeed(resolve(context.folder, seedFile));
  const asked = file || named.length > 0 ? undefined : await askedByConfig(context, configFile);
  const addresses = file || named.length > 0 ? named : defaultQueues;
  const people = asked?.users ?? addresses.map((address): SeedUser => ({ address }));
  const filled = people.map((user) => ({ ...user, messages: Array.from({ length: options.mails }, (_, number) => sampleMail(number)) }));
  const own = file?.seed ?? { users: [] };
  return {
    folder: file?.folder ?? context.folder,
    name: file?.name ?? "the command line",
    port: port ?? (asked?.simulator === undefined ? defaultPort : Number(new URL(asked.simulator).port || 80)),
    configured: asked?.simulator,
    seed: {
      ...own,
      // The same seed by default, so that ids are the same when it is started again.
      simulator: { seed: 1, ...asked?.ids, ...own.simulator, ...(random === undefined ? {} : { seed: random }) },
      users: [...own.users, ...filled],
    },
  };
}

interface Asked {
  readonly users: readonly SeedUser[];
  readonly ids: { readonly tenantId?: string; readonly clientId?: string };
  readonly simulator: string | undefined;
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What the configuration's queues and application need; undefined where there is none. */
async function askedByConfig(context: CommandContext, configFile: string | undefined): Promise<Asked | undefined> {
  const config = await configuration(context, configFile);
  if (!config) return undefined;
  const { clientId, tenantId } = config.app ?? {};
  return {
    users: peopleOf(config.queues),
    ids: { ...(guid.test(String(tenantId)) ? { tenantId } : {}), ...(guid.test(String(clientId)) ? { clientId } : {}) },
    simulator: config.simulator,
  };
}

/** Each queue is a user's mailbox; an `account` that is another's is let into it. */
function peopleOf(queues: readonly { readonly address: string; readonly account?: string }[]): SeedUser[] {
  const users = new Map<string, SeedUser>();
  for (const { address, account = address } of queues) {
    const key = address.toLowerCase();
    const shared = account.toLowerCase() === key ? {} : { sharedWith: [...(users.get(key)?.sharedWith ?? []), account] };
    users.set(key, { ...users.get(key), address, ...shared });
    if (!users.has(account.toLowerCase())) users.set(account.toLowerCase(), { address: account });
  }
  return [...users.values()];
}
