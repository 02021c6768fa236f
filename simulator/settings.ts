/**
 * What a simulator can be told, and what it does when it is not told.
 * Invariant: `settings` are complete and never change while the simulator lives. Knows no request.
 */
import { randomInt } from "node:crypto";

/** The fixed ids a simulator has unless it is given others. */
export const simulatorDefaults = {
  tenantId: "5f3c1a7e-9b42-4d06-8f1e-2a6d0c9be741",
  clientId: "c81d4e2e-bcf2-4e6a-869b-7df92533d2db",
} as const;

/** Habits of the real service that surprise a client; each can be switched, and all but `lateChanges` are on by default. */
export interface Quirks {
  /** Now and then an empty page with a nextLink inside a round that still has something to give. Default true. */
  emptyPages: boolean;
  /** Now and then an item is given twice in a round. Default true. */
  replays: boolean;
  /** A changed item in a later round carries id, parentFolderId and the changed properties only. Default true; false gives every selected property. */
  partialItems: boolean;
  /** Links are spelled in another of Graph's ways, not as the client asked. Default true. */
  otherLinkSpelling: boolean;
  /** With immutable ids, a message that left the folder and came back within one window is shown as removed only. Default true. */
  moveAwayAndBackHidden: boolean;
  /** Delta rounds and walks learn of every arrival, change and leaving only `lateMs` after lists and gets do. Default false. */
  lateChanges: boolean;
}

/** Options of `createSimulator`. */
export interface SimulatorOptions {
  /** The one tenant, a GUID. Default `simulatorDefaults.tenantId`. */
  tenantId?: string;
  /** The one registered public client, a GUID. Default `simulatorDefaults.clientId`. */
  clientId?: string;
  /** Seeds every random choice, a whole number below 2^32. Default random; readable as `Simulator.seed`. */
  seed?: number;
  /** The clock, in ms since 1970. Default `Date.now`, looked up at each call. */
  now?: () => number;
  /** Habits to switch off or on. */
  quirks?: Partial<Quirks>;
  /**
   * How late delta is with the habit `lateChanges`, in ms by the simulator's clock. Default 60,000; 0: not late. Source:
   * delta-query-overview ("expect varying delays", without a figure); change notifications take 1 minute on average, 3 at most.
   */
  lateMs?: number;
  /** Length of the token in every next and delta link, 16 or more, in characters; the links are some 250 longer. Default 328. */
  deltaTokenCharacters?: number;
  /** Access tokens are at least that long, in characters. Default 0: as long as what they say, about 1,000. */
  accessTokenCharacters?: number;
  /** Life of an access token in seconds. Default: drawn for each token between 3,600 and 5,400, as Entra does. */
  accessTokenLifetimeSeconds?: number;
  /**
   * Seconds for which a refresh token works after its first use; later it is AADSTS70000. Default: a used one works on, as Entra's do.
   * 0: once only.
   */
  refreshTokenGraceSeconds?: number;
  /** Requests that a mailbox may get in any ten minutes, the parts of batches counted singly. Default 10,000. */
  requestsPerTenMinutes?: number;
  /** A JSON answer with more bytes of attachments than this, in base64, is a 504 with an empty `UnknownError`. Default 31,457,280 (30 MiB). */
  largestJsonBytes?: number;
  /** An answer of bytes (`$value`) of more than this is such a 504. Default: none is. */
  largestValueBytes?: number;
  /** The one authority host at which the tenant lives; the others refuse it (AADSTS90038). Default: it lives at all of them. */
  authorityHost?: string;
  /** Whether the app allows public client flows (else password and device code are AADSTS7000218). Default true; see `Simulator.setApp`. */
  publicClientFlows?: boolean;
}

/** The options with every default filled in. */
export interface Settings {
  readonly tenantId: string;
  readonly clientId: string;
  readonly seed: number;
  readonly now: () => number;
  readonly quirks: Quirks;
  readonly lateMs: number;
  readonly deltaTokenCharacters: number;
  readonly accessTokenCharacters: number;
  readonly accessTokenLifetimeSeconds: number | undefined;
  readonly refreshTokenGraceSeconds: number | undefined;
  readonly requestsPerTenMinutes: number;
  readonly largestJsonBytes: number;
  readonly largestValueBytes: number;
  readonly authorityHost: string | undefined;
}

/** Fills in the defaults. */
export function completeSettings(options: SimulatorOptions): Settings {
  return {
    tenantId: (options.tenantId ?? simulatorDefaults.tenantId).toLowerCase(),
    clientId: (options.clientId ?? simulatorDefaults.clientId).toLowerCase(),
    seed: options.seed ?? randomInt(0, 2 ** 32 - 1),
    now: options.now ?? (() => Date.now()),
    quirks: {
      emptyPages: true,
      replays: true,
      partialItems: true,
      otherLinkSpelling: true,
      moveAwayAndBackHidden: true,
      lateChanges: false,
      ...options.quirks,
    },
    lateMs: options.lateMs ?? 60_000,
    deltaTokenCharacters: options.deltaTokenCharacters ?? 328,
    accessTokenCharacters: options.accessTokenCharacters ?? 0,
    accessTokenLifetimeSeconds: options.accessTokenLifetimeSeconds,
    refreshTokenGraceSeconds: options.refreshTokenGraceSeconds,
    requestsPerTenMinutes: options.requestsPerTenMinutes ?? 10_000,
    largestJsonBytes: options.largestJsonBytes ?? 30 * 2 ** 20,
    largestValueBytes: options.largestValueBytes ?? Number.POSITIVE_INFINITY,
    authorityHost: options.authorityHost?.toLowerCase(),
  };
}
