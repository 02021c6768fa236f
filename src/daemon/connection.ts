/** Puts together what speaks to Entra and to Graph: the two doors, the vault, the accounts, the Graph client. */
import { type Accounts, createAccounts } from "../auth/accounts.js";
import { createEntra, type Entra } from "../auth/entra.js";
import type { EmitAuthEvent } from "../auth/events.js";
import { createRefreshLease } from "../auth/refresh-lease.js";
import type { AskWith } from "../auth/sign-in.js";
import { createVault, type Vault } from "../auth/vault.js";
import type { Clock } from "../base/clock.js";
import { MailError, type MailErrorCode } from "../base/errors.js";
import { createHttp, type Http, type MicrosoftDoorOptions } from "../base/http.js";
import { measuredHttp, type RequestEnd } from "../base/measured-http.js";
import { createGraphClient, type GraphClient } from "../graph/client.js";
import { createGate, type Gate } from "../graph/gate.js";
import type { Governor } from "../graph/governor.js";
import { jsonOrNothing } from "../graph/wire.js";
import type { QueueSettings } from "../schedule/session.js";
import type { DaemonSettings } from "./options.js";

export interface Connection {
  readonly accounts: Accounts;
  readonly client: GraphClient;
  readonly vault: Vault;
  /** The two ways out of this process. */
  readonly doors: { readonly graph: Http; readonly authority: Http };
}

/** What is told of it to whoever measures. Neither may throw. */
export interface ConnectionWatch {
  /** A request to that host has ended. */
  readonly onRequestEnd?: (host: string, end: RequestEnd) => void;
  /** Entra gave a new access token for a refresh token, or our code for why not. */
  readonly onRefreshEnd?: (code?: MailErrorCode | "_OTHER") => void;
}

export interface ConnectionOptions extends ConnectionWatch {
  readonly clock: Clock;
  readonly governor: Governor;
  readonly emit: EmitAuthEvent;
}

/** Milliseconds for one request to Entra. */
const entraDeadlineMs = 30_000;
/** Milliseconds: most answers of Graph take less, and a stop waits for no more. */
const graceMs = 1_000;

export function connect(settings: DaemonSettings, { clock, governor, emit, onRequestEnd, onRefreshEnd }: ConnectionOptions): Connection {
  const { cloud, fetch, store, keys, clientId, tenantId } = settings;
  const doorTo = (host: string, how: Pick<MicrosoftDoorOptions, "service" | "deadlineMs" | "graceMs">) => {
    const door = createHttp({ ...how, hosts: [host], fetch, clock });
    return onRequestEnd ? measuredHttp(door, { clock, onEnd: (end) => onRequestEnd(host, end) }) : door;
  };
  const graph = doorTo(cloud.graphHost, { service: "GRAPH", deadlineMs: settings.requestTimeoutMs, graceMs });
  const authority = doorTo(cloud.authorityHost, { service: "AUTH", deadlineMs: entraDeadlineMs });
  const client = createGraphClient({ http: graph, graphHost: cloud.graphHost, clock });
  const vault = createVault({ store, keys, clock });
  const asked = createEntra({ clientId, tenantId, cloud, http: authority, clock });
  const entra = onRefreshEnd ? tellingRefreshes(asked, onRefreshEnd) : asked;
  const lease = settings.scheduler?.isShared
    ? createRefreshLease({ store, clock, version: (account) => vault.version(account) })
    : undefined;
  const accounts = createAccounts({ entra, vault, store, clock, cloud, emit, lease, ask: askWith(client, governor) });
  return { client, vault, accounts, doors: { graph, authority } };
}

function tellingRefreshes(entra: Entra, tell: NonNullable<ConnectionWatch["onRefreshEnd"]>): Entra {
  return {
    ...entra,
    async refresh(acquisition) {
      try {
        const grant = await entra.refresh(acquisition);
        tell();
        return grant;
      } catch (error) {
        tell(error instanceof MailError ? error.code : "_OTHER");
        throw error;
      }
    },
  };
}

/** Questions of a sign-in about itself, with tokens that no queue has yet; through a gate of their own, unless one is given. */
export function askWith(client: GraphClient, governor: Governor, gate?: Gate): AskWith {
  return async (path, { tokens, signal }) => {
    const queue = "the account that is signing in";
    const access = {
      queue,
      root: "/me",
      tokens,
      gate: gate ?? createGate({ clock: client.clock, queue, width: 1, governor }),
      counter: { requests: 0, parts: 0 },
    };
    try {
      const { status, text } = await client.call(access, { method: "GET", target: path, what: "the identity", urgency: "urgent", signal });
      return { status, json: jsonOrNothing(text) };
    } catch (error) {
      // Entra's refusal of another token is none of the question's.
      if (!(error instanceof MailError) || error.code.startsWith("AUTH_")) throw error;
      // What the service answers about the question is an answer; that it is busy or out of order is not.
      const { status } = error;
      if (status !== undefined && status < 500 && status !== 429) return { status, json: undefined };
      throw error;
    }
  };
}

/**
 * Nothing, as long as there is no record or one opens: a queue whose record does not open waits for its sign-in.
 * @throws MailError `AUTH_VAULT_…` when there are records and none opens, as with a wrong key
 */
export async function assertVaultOpens(vault: Vault, queues: readonly QueueSettings[]): Promise<void> {
  let first: MailError | undefined;
  for (const { address, account = address } of queues) {
    try {
      if (await vault.read(account)) return;
    } catch (error) {
      if (!(error instanceof MailError) || error.scope !== "queue") throw error;
      first ??= error;
    }
  }
  if (first) throw first;
}
