/**
 * What stands in a seed file: the users, mails and faults with which `simulate` begins.
 *
 * Invariant: whatever is not of this shape is a `ConfigError` that names file and place. What only the simulator can refuse
 * (an address twice, a folder that is not there) is left to `build.ts`.
 */
import { dirname } from "node:path";
import { z } from "zod";
import type { AppState, NewUser, Quirks, SimulatorOptions } from "../../../simulator/index.js";
import { checked } from "../../base/check.js";
import { readJson, within } from "../load-config.js";
import { faultSchema } from "./fault-schema.js";
import { addressSchema, messageSchema } from "./message-schema.js";
import { type Shape, whole } from "./shape.js";

const flag = z.boolean().optional();
const seconds = z.number().min(0).optional();
const guid = z.guid("a GUID").optional();

const userShape = {
  address: addressSchema,
  displayName: z.string().optional(),
  password: z.string().min(1).optional(),
  aliases: z.array(addressSchema).optional(),
  objectId: guid,
  language: z.enum(["en", "de", "ja"]).optional(),
  mailbox: flag,
  consented: flag,
  mfaRequired: flag,
  mustRegisterMfa: flag,
  federated: flag,
  guest: flag,
  disabled: flag,
  assigned: flag,
  deviceCodeBlocked: flag,
  securityDefaults: flag,
  passwordExpired: flag,
  signInFrequencySeconds: seconds,
  refreshTokenExpiresInSeconds: seconds,
  permissions: z.array(z.string().min(1)).optional(),
} satisfies Shape<NewUser>;

const userSchema = z.strictObject({
  ...userShape,
  /** Users who are let into the mailbox. */
  sharedWith: z.array(addressSchema).optional(),
  /** Folders to make, as paths of names with slashes between. */
  folders: z.array(z.string().min(1)).optional(),
  messages: z.array(messageSchema).optional(),
  /** Whether the mailbox's quota is used up. Default false. */
  full: flag,
});

const quirksShape = {
  emptyPages: flag,
  replays: flag,
  partialItems: flag,
  otherLinkSpelling: flag,
  moveAwayAndBackHidden: flag,
  lateChanges: flag,
} satisfies Shape<Quirks>;

const appShape = { publicClientFlows: flag, enabled: flag, registered: flag } satisfies Shape<AppState>;

const simulatorShape = {
  tenantId: guid,
  clientId: guid,
  seed: whole(0, 2 ** 32 - 1).optional(),
  quirks: z.strictObject(quirksShape).optional(),
  lateMs: whole(0).optional(),
  deltaTokenCharacters: whole(16).optional(),
  accessTokenCharacters: whole(0).optional(),
  accessTokenLifetimeSeconds: whole(1).optional(),
  refreshTokenGraceSeconds: seconds,
  requestsPerTenMinutes: whole(1).optional(),
  largestJsonBytes: whole(1).optional(),
  largestValueBytes: whole(1).optional(),
  authorityHost: z.string().optional(),
} satisfies Shape<Omit<SimulatorOptions, "now" | "publicClientFlows">>;

const seedSchema = z.strictObject({
  $schema: z.string().optional(),
  /** Options of `createSimulator`. */
  simulator: z.strictObject(simulatorShape).optional(),
  app: z.strictObject(appShape).optional(),
  users: z.array(userSchema).min(1),
  faults: z.array(faultSchema).optional(),
});

/** What a simulator begins with. */
export type Seed = z.output<typeof seedSchema>;
export type SeedUser = z.output<typeof userSchema>;

/** A seed and where it comes from. */
export interface LoadedSeed {
  readonly seed: Seed;
  /** What paths in it are relative to. */
  readonly folder: string;
  /** Named in messages about what is wrong in it. */
  readonly name: string;
}

/** @throws ConfigError `CONFIG_INVALID` */
export async function loadSeed(file: string): Promise<LoadedSeed> {
  const content = await readJson(file, "seed file");
  return { seed: within(file, () => checked(seedSchema, content)), folder: dirname(file), name: file };
}
