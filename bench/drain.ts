/**
 * How fast a full mailbox drains: the daemon with LMDB against a bare loop that makes the same requests in the same
 * order and keeps nothing, alternating in one run, the simulator in a process of its own.
 * Usage: npm run bench -- [messages] [pairs]
 */
import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createMailDaemon, generateKey, keyRing, lmdbStore } from "m365-mail-daemon";
import { createSimulator, simulatorFetch } from "m365-mail-daemon/simulator";

/** What the simulator's process tells about a mailbox made for one run. */
interface Mailbox {
  readonly url: string;
  readonly address: string;
  readonly refreshToken: string;
  readonly clientId: string;
  readonly tenantId: string;
}

interface Figures {
  readonly ms: number;
  /** Microseconds of this process for each message. */
  readonly cpuPerMessage: number;
}

const graph = "https://graph.microsoft.com/v1.0";
const select =
  "id,internetMessageId,conversationId,subject,from,sender,toRecipients,ccRecipients,bccRecipients,replyTo,receivedDateTime,sentDateTime,bodyPreview,categories,importance,isRead,hasAttachments,parentFolderId,body,internetMessageHeaders";

if (process.send) await serve();
else await compare(Number(process.argv[2] ?? 5_000), Number(process.argv[3] ?? 3));

/** The simulator's process: makes a fresh mailbox for each request of its parent. */
async function serve(): Promise<void> {
  const simulator = createSimulator({ seed: 1, quirks: { emptyPages: false, replays: false } });
  const { url, close } = await simulator.listen();
  let made = 0;
  process.on("message", (count: number) => {
    made += 1;
    const user = simulator.addUser({ address: `bench${made}@contoso.com` });
    user.mailbox.deliverMany(Array.from({ length: count }, (_, index) => ({ subject: `mail ${index}` })));
    const { clientId, tenantId } = simulator;
    process.send?.({ url, address: user.address, refreshToken: user.issueRefreshToken(), clientId, tenantId } satisfies Mailbox);
  });
  process.once("disconnect", () => void close());
}

async function compare(messages: number, pairs: number): Promise<void> {
  const simulator = fork(process.argv[1] as string);
  const mailbox = () =>
    new Promise<Mailbox>((resolve) => {
      simulator.once("message", (made) => resolve(made as Mailbox));
      simulator.send(messages);
    });
  try {
    // The first run of each only warms the code up, on both sides.
    await measure(messages, bareLoop, await mailbox());
    await measure(messages, daemonRun, await mailbox());
    const ratios: number[] = [];
    for (let pair = 1; pair <= pairs; pair += 1) {
      const bare = await measure(messages, bareLoop, await mailbox());
      const ours = await measure(messages, daemonRun, await mailbox());
      ratios.push(bare.ms / ours.ms);
      process.stdout.write(
        `pair ${pair}  bare loop ${shown(bare, messages)}  daemon ${shown(ours, messages)}  ratio ${(bare.ms / ours.ms).toFixed(2)}\n`,
      );
    }
    const median = ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)] ?? 0;
    process.stdout.write(
      `drain of ${messages} messages, no latency, LMDB, maxInFlight 64: ${median.toFixed(2)} of the bare loop (median of ${pairs})\n`,
    );
  } finally {
    simulator.disconnect();
  }
}

async function measure(messages: number, run: (mailbox: Mailbox, messages: number) => Promise<void>, mailbox: Mailbox): Promise<Figures> {
  const cpu = process.cpuUsage();
  const from = performance.now();
  await run(mailbox, messages);
  const { user, system } = process.cpuUsage(cpu);
  return { ms: performance.now() - from, cpuPerMessage: (user + system) / messages };
}

function shown({ ms, cpuPerMessage }: Figures, messages: number): string {
  return `${Math.round((messages / ms) * 1000)}/s ${cpuPerMessage.toFixed(0)} µs`;
}

async function daemonRun({ url, address, refreshToken, clientId, tenantId }: Mailbox, messages: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "mail-daemon-bench-"));
  const daemon = createMailDaemon({
    app: { clientId, tenantId },
    queues: [{ address, startFrom: "everything", maxInFlight: 64 }],
    store: lmdbStore(folder),
    vaultKeys: keyRing([{ id: "bench", key: generateKey() }]),
    fetch: simulatorFetch(url),
    handler: () => undefined,
  });
  await daemon.signIn(address, { method: "refreshToken", refreshToken });
  let marked = 0;
  const done = new Promise<void>((resolve) => {
    daemon.on("message:marked", () => {
      marked += 1;
      if (marked === messages) resolve();
    });
  });
  await daemon.start();
  await done;
  await daemon.stop();
  await rm(folder, { recursive: true });
}

async function bareLoop({ url, refreshToken, clientId, tenantId }: Mailbox): Promise<void> {
  const fetch = simulatorFetch(url);
  const form = new URLSearchParams({
    client_id: clientId,
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    scope: `${graph.slice(0, -5)}/Mail.ReadWrite`,
  });
  const token = await fetch(`https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`, { method: "POST", body: form });
  const { access_token } = (await token.json()) as { access_token: string };
  const authorization = `Bearer ${access_token}`;
  const prefer = 'IdType="ImmutableId"';
  let next: string | undefined = `${graph}/me/mailFolders/inbox/messages/delta?$select=${select}`;
  let marks: Promise<unknown> = Promise.resolve();
  while (next) {
    const page = await fetch(next, { headers: { authorization, prefer: `${prefer}, odata.maxpagesize=100` } });
    const body = (await page.json()) as { value: { id: string }[]; "@odata.nextLink"?: string };
    for (let from = 0; from < body.value.length; from += 20) {
      const requests = body.value.slice(from, from + 20).map(({ id }, index) => ({
        id: String(index),
        method: "PATCH",
        url: `/me/messages/${encodeURIComponent(id)}`,
        headers: { "Content-Type": "application/json", Prefer: prefer },
        body: { isRead: true },
      }));
      const send = () =>
        fetch(`${graph}/$batch`, {
          method: "POST",
          headers: { authorization, "content-type": "application/json" },
          body: JSON.stringify({ requests }),
        });
      marks = marks.then(send).then((answer) => answer.json());
      await marks;
    }
    next = body["@odata.nextLink"];
  }
}
