/**
 * The simulator in a process of its own, so that its work is not counted as anybody's; asked by the parent.
 * Invariant: what it raises or switches off is stated in `README.md`; everything else is the simulator's own default.
 */
import { createSimulator, type LogEntry, type SimulatedUser } from "m365-mail-daemon/simulator";
import { accessToken, graphOrigin, select } from "./baselines/token.js";
import { mail } from "./mail.js";
import { createPeer } from "./peer.js";
import { createTraffic } from "./traffic.js";

/** A mailbox as the side that is measured sees it. */
export interface Mailbox {
  readonly address: string;
  readonly refreshToken: string;
}

/** Where the simulator answers. */
export interface Site {
  readonly url: string;
  readonly clientId: string;
  readonly tenantId: string;
}

/** How busy the simulator's process was between `beginLoad` and `endLoad`. */
export interface Load {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** What the log says of the requests since it was last cleared. */
export interface Report {
  /** HTTP requests by route; the parts of batches are not among them. */
  readonly requests: Readonly<Record<string, number>>;
  readonly batchParts: number;
  /** Requests that came before a Retry-After had passed. */
  readonly knocks: number;
  /** Answers that asked for a pause. */
  readonly pauses: number;
  /** Requests over four at once for their mailbox: at least as many as the mailbox with most had. */
  readonly overAtOnce: number;
}

/** How often a request is answered with a pause. */
export interface Pauses {
  readonly probability: number;
  readonly count: number;
}

export type SimulatorCommands = typeof commands;

const simulator = createSimulator({
  seed: 1,
  quirks: { emptyPages: false, replays: false },
  requestsPerTenMinutes: 1_000_000,
  accessTokenCharacters: 2_000,
  // Makes links of 1 kB.
  deltaTokenCharacters: 760,
});
const door = await simulator.listen();
const users: SimulatedUser[] = [];
const traffic = createTraffic(simulator);
let load = { at: 0, cpu: process.cpuUsage() };

function count(entries: readonly LogEntry[]): Record<string, number> {
  const requests: Record<string, number> = {};
  for (const { route } of entries) requests[route] = (requests[route] ?? 0) + 1;
  return requests;
}

/**
 * Walks a mailbox once beforehand: the simulator keeps the JSON of a message that it has written, and a store of mail does not
 * make its mail up while it is read either. Half of what a first walk costs the simulator is then not measured.
 */
async function writeOut(refreshToken: string): Promise<void> {
  const { fetch, clientId, tenantId } = simulator;
  const authorization = `Bearer ${await accessToken(fetch, { clientId, tenantId, refreshToken })}`;
  let next: string | undefined = `${graphOrigin}/v1.0/me/mailFolders/inbox/messages/delta?$select=${select}`;
  while (next !== undefined) {
    const answer = await fetch(next, { headers: { authorization, prefer: 'IdType="ImmutableId", odata.maxpagesize=500' } });
    const page = (await answer.json()) as { "@odata.nextLink"?: string };
    next = page["@odata.nextLink"];
  }
}

const commands = {
  site: (): Site => ({ url: door.url, clientId: simulator.clientId, tenantId: simulator.tenantId }),
  /** Fresh mailboxes with that many messages each, their texts written out. */
  async mailboxes(boxes: number, messages: number): Promise<Mailbox[]> {
    const made = Array.from({ length: boxes }, () => {
      const user = simulator.addUser({ address: `queue${users.length}@contoso.com` });
      users.push(user);
      if (messages > 0) user.mailbox.deliverMany(Array.from({ length: messages }, (_, number) => mail(number)));
      return { address: user.address, refreshToken: user.issueRefreshToken() };
    });
    if (messages > 0) for (const { refreshToken } of made) await writeOut(refreshToken);
    return made;
  },
  deliver: (address: string, messages: number) =>
    void simulator.mailbox(address).deliverMany(Array.from({ length: messages }, (_, number) => mail(number))),
  /** Each HTTP request takes that long on its way, a batch once; `patch` too where it is sent alone. */
  delay(ms: number, patch: boolean) {
    const route = ["me", "user", "folders", "folder", "messages", "delta", "batch", ...(patch ? (["patch"] as const) : [])] as const;
    simulator.faults.clear();
    if (ms > 0) simulator.faults.add({ name: "network", route: [...route], delayMs: ms });
  },
  /** Now and then a 429 or 503 that asks for a pause of a second, so many of each at most. */
  pauses({ probability, count }: Pauses) {
    simulator.faults.add({ name: "429", route: ["delta", "batch", "patch"], probability, count, status: 429, retryAfter: 1 });
    simulator.faults.add({ name: "503", route: ["delta", "batch"], probability, count, status: 503, retryAfter: 1 });
  },
  beginLoad() {
    load = { at: performance.now(), cpu: process.cpuUsage() };
  },
  endLoad(): Load {
    const { user, system } = process.cpuUsage(load.cpu);
    return { wallMs: performance.now() - load.at, cpuMs: (user + system) / 1000 };
  },
  /** How many messages of these mailboxes are read, and how many there are. */
  read(addresses: readonly string[]): { read: number; all: number } {
    const messages = addresses.flatMap((address) => simulator.mailbox(address).messages());
    return { read: messages.filter(({ isRead }) => isRead).length, all: messages.length };
  },
  report(): Report {
    const entries = simulator.log.entries();
    const alone = entries.filter(({ batch }) => batch === undefined);
    return {
      requests: count(alone),
      batchParts: entries.length - alone.length,
      knocks: simulator.log.knockedWhileBarred().length,
      pauses: entries.filter(({ retryAfterMs }) => retryAfterMs !== undefined).length,
      overAtOnce: Math.max(0, simulator.log.mostAtOnce() - 4),
    };
  },
  clearLog: () => simulator.log.clear(),
  /** No faults, and an empty log. */
  calm() {
    simulator.faults.clear();
    simulator.log.clear();
  },
  ...traffic,
};

createPeer(process, commands);
process.once("disconnect", () => void door.close());
