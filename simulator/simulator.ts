/**
 * Joins the parts into one simulator: a tenant with its users and mailboxes, Entra and Graph in front of them, two doors.
 * Invariant: everything random comes from one seed, everything timed from one clock; simulators share nothing. Imports nothing of the product.
 */
import { cloudOfAuthority } from "./cloud.js";
import { createDirectory } from "./directory.js";
import { answerControl } from "./door/control.js";
import { createInProcessFetch } from "./door/in-process.js";
import { type LoopbackDoor, listenOnLoopback } from "./door/loopback.js";
import type { AppState } from "./entra/app.js";
import { createAuthorizationCodes } from "./entra/authorization-codes.js";
import { createDeviceCodes } from "./entra/device-codes.js";
import { createLockout } from "./entra/lockout.js";
import { createEntraService } from "./entra/service.js";
import { createTokenIssuer } from "./entra/token-issuer.js";
import type { Ask, Outcome } from "./exchange.js";
import { createGraphService } from "./graph/service.js";
import type { SimulatedMailbox } from "./mailbox/simulated-mailbox.js";
import { createRandom } from "./random.js";
import { completeSettings, type SimulatorOptions } from "./settings.js";
import type { NewUser, SimulatedUser } from "./simulated-user.js";
import { createTenant } from "./tenant.js";
import { createFaultBook, type Faults } from "./traffic/fault.js";
import { createGate } from "./traffic/gate.js";
import { createRate } from "./traffic/rate.js";
import { createRequestLog, type RequestLog } from "./traffic/request-log.js";

/** A double of Microsoft Graph mail and Entra ID. */
export interface Simulator {
  readonly tenantId: string;
  readonly clientId: string;
  /** Print it when a test fails: the same seed makes the same choices. */
  readonly seed: number;
  /** The in-process door: answers at the real host names of all clouds; rejects every other host like a network failure. */
  readonly fetch: typeof fetch;
  /** Opens the loopback door, plain HTTP on 127.0.0.1, for other processes; reach it through `simulatorFetch`. */
  listen(options?: ListenOptions): Promise<LoopbackDoor>;
  /** Adds a user to the tenant, with a mailbox unless told otherwise. Throws when the address or object id is taken. */
  addUser(options: NewUser): SimulatedUser;
  /** Throws when there is no such user. */
  user(address: string): SimulatedUser;
  /** Throws when there is no such mailbox. */
  mailbox(address: string): SimulatedMailbox;
  /** Changes the app registration; what is not named stays. */
  setApp(changes: Partial<AppState>): void;
  readonly faults: Faults;
  readonly log: RequestLog;
}

/** Options of `Simulator.listen`. */
export interface ListenOptions {
  /** 0 to 65,535. Default 0: any free one. */
  port?: number;
  /** Whether other processes may put mail into its mailboxes, by `createControl`. Default false. */
  control?: boolean;
}

/**
 * Makes a simulator: an empty tenant with one registered public client.
 * @example
 * const simulator = createSimulator();
 * simulator.addUser({ address: "support@contoso.com" }).mailbox.deliver({ subject: "Hello" });
 */
export function createSimulator(options: SimulatorOptions = {}): Simulator {
  const settings = completeSettings(options);
  const random = createRandom(settings.seed);
  const directory = createDirectory();
  const issuer = createTokenIssuer(settings, random.fork("tokens"));
  const faults = createFaultBook(random.fork("faults"));
  const gate = createGate();
  const rate = createRate(settings.requestsPerTenMinutes);
  const log = createRequestLog();
  const app: AppState = { publicClientFlows: options.publicClientFlows ?? true, enabled: true, registered: true };
  const deviceCodes = createDeviceCodes(settings.now, random.fork("device codes"));
  const codes = createAuthorizationCodes(settings.now);
  const shared = { settings, directory, issuer, faults, gate, rate, log };
  const entra = createEntraService({ ...shared, app, deviceCodes, codes, lockout: createLockout(), random: random.fork("entra") });
  const graph = createGraphService({ ...shared, random: random.fork("graph") });
  const serve = (ask: Ask): Promise<Outcome> => (cloudOfAuthority(ask.host) ? entra(ask) : graph(ask));
  const tenant = createTenant({ settings, directory, issuer, deviceCodes, serve, random: random.fork("tenant") });
  return {
    tenantId: settings.tenantId,
    clientId: settings.clientId,
    seed: settings.seed,
    fetch: createInProcessFetch(serve),
    listen: ({ port = 0, control = false } = {}) =>
      listenOnLoopback(serve, port, control ? answerControl({ ...settings, mailbox: tenant.mailbox }) : undefined),
    ...tenant,
    setApp: (changes) => void Object.assign(app, changes),
    faults: { add: faults.add, clear: faults.clear },
    log,
  };
}
