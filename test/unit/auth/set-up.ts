/**
 * The auth floor against the simulator: real MSAL, a clock that stands still, a store that can be made to fail or wait.
 * Everything secret that passes the network is noted, so that errors can be searched for it.
 */
import { createSimulator } from "../../../simulator/index.js";
import { type Accounts, createAccounts } from "../../../src/auth/accounts.js";
import { createEntra } from "../../../src/auth/entra.js";
import type { AuthEvents } from "../../../src/auth/events.js";
import { generateKey, type KeyRing, keyRing } from "../../../src/auth/key-ring.js";
import { createRefreshLease } from "../../../src/auth/refresh-lease.js";
import { createVault } from "../../../src/auth/vault.js";
import { type CloudName, clouds } from "../../../src/base/cloud.js";
import { MailError } from "../../../src/base/errors.js";
import { createHttp, type Fetch } from "../../../src/base/http.js";
import { askWith } from "../../../src/daemon/connection.js";
import { createGraphClient } from "../../../src/graph/client.js";
import { memoryStore } from "../../../src/state/memory.js";
import type { Commit, Key, Store } from "../../../src/state/store.js";
import { deferred } from "../../support/deferred.js";
import { wideGovernor } from "../../support/governance.js";
import { createManualClock, type ManualClock } from "../../support/manual-clock.js";
import { lookForSecret, showEvent } from "../../support/secrets/showings.js";

export const address = "support@contoso.com";
export const password = "correct horse battery";

export interface Told {
  readonly name: keyof AuthEvents;
  readonly payload: AuthEvents[keyof AuthEvents];
}

/** What a test may do to the network: answer in the simulator's place, wait, or throw. */
export type Intercept = (url: URL, pass: () => Promise<Response>, signal: AbortSignal) => Promise<Response>;

/** A network that takes the request and never answers. */
export const neverAnswers: Intercept = (_url, _pass, signal) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));

export async function setUp(
  options: { cloud?: CloudName; clientId?: string; lifetimeSeconds?: number | "drawn"; seed?: number; isShared?: boolean } = {},
) {
  // Real cryptography takes its turns of the event loop; no deadline of a request may pass meanwhile.
  const clock = createManualClock(undefined, () => network.answering > 0);
  const simulator = createSimulator({
    now: () => clock.now(),
    seed: options.seed ?? 1,
    ...(options.lifetimeSeconds === "drawn" ? {} : { accessTokenLifetimeSeconds: options.lifetimeSeconds ?? 3_600 }),
  });
  const user = simulator.addUser({ address, password });
  const network = createNetwork(simulator.fetch);
  const store = createStubbornStore(memoryStore());
  const keys = keyRing([{ id: "k1", key: generateKey() }]);
  await store.open();

  const process = (ring: KeyRing = keys) =>
    createProcess({
      fetch: network.fetch,
      clock,
      store,
      keys: ring,
      ...options,
      clientId: options.clientId ?? simulator.clientId,
      tenantId: simulator.tenantId,
    });
  const tokenRequests = () => simulator.log.count({ route: "token" });
  return { clock, simulator, user, network, store, keys, process, tokenRequests };
}

interface ProcessOptions {
  readonly fetch: Fetch;
  readonly clock: ManualClock;
  readonly store: Store;
  readonly keys: KeyRing;
  readonly clientId: string;
  readonly tenantId: string;
  readonly cloud?: CloudName;
  /** Its processes refresh one account one at a time. */
  readonly isShared?: boolean;
}

/** What one daemon holds; two of them over one store are two processes. */
export function createProcess({ fetch, clock, store, keys, clientId, tenantId, cloud: name = "global", isShared = false }: ProcessOptions) {
  const cloud = clouds[name];
  const http = createHttp({ service: "AUTH", hosts: [cloud.authorityHost], deadlineMs: 30_000, fetch, clock });
  const graph = createHttp({ service: "GRAPH", hosts: [cloud.graphHost], deadlineMs: 30_000, fetch, clock });
  const entra = createEntra({ clientId, tenantId, cloud, http, clock });
  const vault = createVault({ store, keys, clock });
  const events: Told[] = [];
  const accounts: Accounts = createAccounts({
    entra,
    vault,
    store,
    clock,
    cloud,
    lease: isShared ? createRefreshLease({ store, clock, version: (account) => vault.version(account) }) : undefined,
    ask: askWith(createGraphClient({ http: graph, graphHost: cloud.graphHost, clock }), wideGovernor(clock)),
    emit(event, payload) {
      showEvent(event, payload);
      events.push({ name: event, payload });
    },
  });
  const tokens = accounts.add({ address });
  return { accounts, tokens, vault, entra, events, names: () => events.map((event) => event.name) };
}

function createNetwork(pass: Fetch) {
  const secrets = new Set<string>();
  const hosts: string[] = [];
  const network = {
    intercept: undefined as Intercept | undefined,
    /** Requests that the simulator is answering. */
    answering: 0,
    secrets,
    hosts,
    fetch: undefined as unknown as Fetch,
    /** Entra answers the next token request at once, and its answer is on its way until `release`; `held` resolves when it left. */
    holdNextAnswer() {
      const [left, released] = [deferred(), deferred()];
      network.intercept = async (url, pass) => {
        if (!url.pathname.endsWith("/token")) return pass();
        network.intercept = undefined;
        const answer = await pass();
        left.resolve();
        await released.promise;
        return answer;
      };
      return { held: left.promise, release: () => released.resolve() };
    },
  };
  const note = (value: unknown) => {
    if (typeof value !== "string" || value.length < 8) return;
    secrets.add(value).add(encodeURIComponent(value));
    lookForSecret("secret of a token request", value);
  };
  const counted: Fetch = async (input, init) => {
    network.answering += 1;
    try {
      return await pass(input, init);
    } finally {
      network.answering -= 1;
    }
  };
  network.fetch = async (input, init) => {
    const url = new URL(String(input));
    hosts.push(url.host);
    const form = new URLSearchParams(String(init?.body ?? ""));
    for (const name of ["password", "refresh_token", "code", "code_verifier", "device_code"]) note(form.get(name));
    const signal = init?.signal ?? new AbortController().signal;
    const answer = network.intercept ? await network.intercept(url, () => counted(input, init), signal) : await counted(input, init);
    const body = await answer.clone().text();
    try {
      const json = JSON.parse(body) as Record<string, unknown>;
      for (const name of ["access_token", "refresh_token", "id_token", "client_info"]) note(json[name]);
    } catch {
      // No JSON, no tokens.
    }
    return answer;
  };
  return network;
}

/** A store whose commits can be made to fail or to wait, and whose reads can be made late. */
function createStubbornStore(inner: Store) {
  const commit = async (given: Commit) => {
    await store.hold;
    if (store.broken) throw new MailError("STORE_UNAVAILABLE", "The disk is full.");
    return inner.commit(given);
  };
  const get = async (key: Key) => {
    const entry = await inner.get(key);
    if (key[0] !== "vault") return entry;
    const hold = store.holdNextGet;
    store.holdNextGet = undefined;
    await hold;
    return entry;
  };
  const store = Object.assign(Object.create(inner) as Store, {
    commit,
    get,
    broken: false,
    /** Commits wait for it. */
    hold: undefined as Promise<void> | undefined,
    /** The next read of a vault record waits for it, with what it has read by then. */
    holdNextGet: undefined as Promise<void> | undefined,
  });
  return store;
}

export function jsonAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
}
