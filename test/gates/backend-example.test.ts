/** The contact-centre backend as a user runs it, over a simulator; and what is left when it is killed at the worst moment. */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createSimulator } from "../../simulator/index.js";
import { createMailDaemon, environmentKeys, generateKey, lmdbStore } from "../../src/index.js";
import { startExample } from "../support/example-process.js";

const address = "support@contoso.com";
const subject = "My parcel has not arrived";
const keysVariable = "BACKEND_EXAMPLE_KEYS";

/** PGlite makes its database with six seconds of a core: ten in all on a quiet machine, a minute on one with eight times the work it can do. */
const timeout = 240_000;

/** A simulator on loopback, a folder for the backend's data in which its queue is signed in, and the environment it needs. */
async function scene() {
  const simulator = createSimulator({ seed: 1 });
  const user = simulator.addUser({ address });
  const { url, close } = await simulator.listen();
  onTestFinished(close);
  const folder = mkdtempSync(join(tmpdir(), "backend-example-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));

  const keys = `key1:${generateKey()}`;
  process.env[keysVariable] = keys;
  const { clientId, tenantId } = simulator;
  const signingIn = createMailDaemon({
    app: { clientId, tenantId },
    queues: [{ address }],
    store: lmdbStore(join(folder, "state")),
    vaultKeys: environmentKeys(keysVariable),
    fetch: simulator.fetch,
  });
  await signingIn.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
  await signingIn.stop();
  delete process.env[keysVariable];

  const env = {
    MAIL_DAEMON_CLIENT_ID: clientId,
    MAIL_DAEMON_TENANT_ID: tenantId,
    MAIL_DAEMON_QUEUES: address,
    MAIL_DAEMON_KEYS: keys,
    MAIL_DAEMON_SIMULATOR: url,
    PORT: "0",
  };
  return { user, folder, env };
}

async function json(url: string): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(url, { headers: { connection: "close" } });
  return { status: response.status, body: await response.json() };
}

test("a process killed between the ticket and its acknowledgement leaves one ticket, and the next one acknowledges the mail", {
  timeout,
}, async () => {
  const { user, folder, env } = await scene();
  user.mailbox.deliver({ subject });

  const first = startExample("test/gates/fixtures/backend/stalled-host.mjs", { folder, env, hasChannel: true });
  const [opened] = await Promise.race([once(first.child, "message"), first.ended]);
  expect(opened).toEqual({ number: 1, isNew: true });
  first.child.kill("SIGKILL");
  expect(await first.ended).toEqual([null, "SIGKILL"]);
  expect(user.mailbox.messages("inbox").map(({ isRead }) => isRead)).toEqual([false]);

  const second = startExample("dist/examples/backend/main.js", { folder, env });
  const [, url] = await second.printed(/tickets at (\S+)\/tickets/);
  const [, told] = await second.printed(/(ticket \d+ .*)\n/);
  expect(told).toBe("ticket 1 was there already");
  await expect.poll(() => user.mailbox.messages("inbox")[0]?.isRead).toBe(true);
  expect(await json(`${url}/tickets`)).toEqual({
    status: 200,
    body: [{ number: 1, queue: address, sender: expect.any(String), subject, receivedAt: expect.any(String) }],
  });
  expect(await json(`${url}/healthz`)).toMatchObject({ status: 200, body: { state: "running", queues: [{ address, stale: false }] } });

  // The count above could be of a backend that opens one ticket ever.
  user.mailbox.deliver({ subject: "Another parcel" });
  await second.printed(/ticket \d+ is opened/);
  expect((await json(`${url}/tickets?queue=${address}&limit=1`)).body).toMatchObject([{ subject: "Another parcel" }]);
  expect((await json(`${url}/tickets?queue=sales@contoso.com`)).body).toEqual([]);
  expect((await json(`${url}/tickets?limit=0`)).status).toBe(400);

  second.child.kill("SIGTERM");
  expect(await second.ended).toEqual([0, null]);
});
