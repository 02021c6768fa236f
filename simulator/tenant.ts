/**
 * The users of the tenant, made and found by address.
 * Invariant: a user found again is the same object. Knows no request.
 */
import { signInAt } from "./browser.js";
import type { Account, Directory } from "./directory.js";
import type { DeviceCodes } from "./entra/device-codes.js";
import type { TokenIssuer } from "./entra/token-issuer.js";
import type { Ask, Outcome } from "./exchange.js";
import { createMailbox } from "./mailbox/mailbox.js";
import { restoreMessages } from "./mailbox/restore.js";
import { type SimulatedMailbox, showMailbox } from "./mailbox/simulated-mailbox.js";
import type { Random } from "./random.js";
import { tellSecret } from "./secret-channel.js";
import type { Settings } from "./settings.js";
import type { NewUser, SimulatedUser } from "./simulated-user.js";
import { changeUserState, defaultUserState } from "./user-state.js";

/** What a tenant stands on. */
export interface TenantWorld {
  readonly settings: Settings;
  readonly directory: Directory;
  readonly issuer: TokenIssuer;
  readonly deviceCodes: DeviceCodes;
  readonly random: Random;
  /** Answers a request of a person's. */
  readonly serve: (ask: Ask) => Promise<Outcome>;
}

/** The users. */
export interface Tenant {
  addUser(options: NewUser): SimulatedUser;
  user(address: string): SimulatedUser;
  mailbox(address: string): SimulatedMailbox;
}

/** Makes a tenant without users. */
export function createTenant(world: TenantWorld): Tenant {
  const { settings, directory, random } = world;
  const habits = {
    lateness: settings.quirks.lateChanges ? { ms: settings.lateMs, now: settings.now } : undefined,
    tokenCharacters: settings.deltaTokenCharacters,
  };
  /** By address, lower case. */
  const users = new Map<string, SimulatedUser>();

  function user(address: string): SimulatedUser {
    const found = users.get(address.toLowerCase());
    if (!found) throw new Error(`The simulator has no user ${address}.`);
    return found;
  }

  return {
    user,
    mailbox: (address) => user(address).mailbox,
    addUser(options) {
      const address = options.address.toLowerCase();
      const displayName = options.displayName ?? options.address.split("@")[0] ?? options.address;
      const language = options.language ?? "en";
      /** How often the user was made anew. */
      let generation = 0;
      const nameOf = (what: string) => (generation === 0 ? what : `${what}, made anew ${generation}`);
      const openMailbox = () => createMailbox({ address, displayName, language }, settings.now, random.fork(nameOf(address)), habits);
      const mintId = () => random.fork(nameOf(`id of ${address}`)).guid();
      let mailbox = openMailbox();
      const state = { ...defaultUserState };
      changeUserState(state, options);
      const account: Account = {
        objectId: (options.objectId ?? mintId()).toLowerCase(),
        address,
        displayName,
        aliases: (options.aliases ?? []).map((alias) => alias.toLowerCase()),
        get mailbox() {
          return state.mailbox ? mailbox : undefined;
        },
        state,
        sharedWith: new Set(),
        password: options.password,
        refreshEpoch: 0,
        accessEpoch: 0,
        evaluation: { epoch: 0, notBefore: 0, required: undefined },
      };
      directory.add(account);
      if (options.password !== undefined) tellSecret("password", options.password);
      const face = showMailbox(() => mailbox);
      const made = showUser(account, face, world, (kept) => {
        generation += 1;
        const gone = mailbox;
        mailbox = openMailbox();
        directory.rename(account, mintId());
        restoreMessages(gone, mailbox, kept);
      });
      users.set(address, made);
      return made;
    },
  };
}

/** Puts a new object id and a new mailbox behind the account, with the messages of these immutable ids. */
type Renewal = (kept: ReadonlySet<string>) => void;

function showUser(account: Account, mailbox: SimulatedMailbox, world: TenantWorld, renew: Renewal): SimulatedUser {
  const { settings, directory, issuer, deviceCodes, serve } = world;
  const { evaluation } = account;

  /** An event that continuous access evaluation sees; two of them never ask for the same claims. */
  function noteEvent(): string {
    evaluation.notBefore = Math.max(evaluation.notBefore + 1, Math.floor(settings.now() / 1000));
    return String(evaluation.notBefore);
  }
  function endTokensWithClaims(): void {
    noteEvent();
    evaluation.epoch += 1;
  }

  function revokeSessions(): void {
    account.refreshEpoch += 1;
    account.accessEpoch += 1;
    endTokensWithClaims();
  }

  return {
    address: account.address,
    get objectId() {
      return account.objectId;
    },
    get mailbox() {
      if (!account.state.mailbox) throw new Error(`The simulated user ${account.address} has no mailbox.`);
      return mailbox;
    },
    set: (changes) => changeUserState(account.state, changes),
    issueRefreshToken: ({ way = "browser" } = {}) => issuer.refresh(account, { way, startedAt: settings.now() }),
    revokeSessions,
    recreateMailbox({ keep = () => false, keepSharing = true } = {}) {
      revokeSessions();
      const kept = mailbox.messages().filter(keep);
      renew(new Set(kept.map(({ id }) => id)));
      if (!keepSharing) account.sharedWith.clear();
    },
    setPassword(password) {
      account.password = tellSecret("password", password);
      // Source: entra-docs refresh-tokens: a password-based token ends with the password; access tokens run out by themselves.
      account.refreshEpoch += 1;
      endTokensWithClaims();
    },
    requireClaims({ route } = {}) {
      evaluation.required = { notBefore: noteEvent(), routes: route && [...route] };
    },
    grantAccess(address) {
      const guest = directory.find(address);
      if (!guest) throw new Error(`The simulator has no user ${address}.`);
      account.sharedWith.add(guest.objectId);
    },
    signInAt: (url, options = {}) => signInAt(account.address, url, options, serve),
    enterDeviceCode(userCode, { decline = false } = {}) {
      const code = deviceCodes.waiting(userCode);
      if (!code) throw new Error(`Nobody waits for the device code ${userCode}.`);
      code.verdict = decline ? "declined" : { account, at: settings.now() };
    },
  };
}
