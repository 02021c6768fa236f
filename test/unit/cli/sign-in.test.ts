/** `sign-in`: by each way, for those that need it, with each end told, and with one failure stopping no other. */
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { expect, it, test } from "vitest";
import type { Simulator } from "../../../simulator/index.js";
import { generateKey } from "../../../src/auth/key-ring.js";
import { next } from "../../support/host.js";
import { sales, simulatedLine, support } from "./simulated-line.js";

/** A password of the simulator's users. */
const password = "correct horse battery";

/** The address at Microsoft's for which the simulator's page stands. */
function meant(url: string): string {
  const { pathname, search } = new URL(url);
  return `https:/${pathname}${search}`;
}

/** The person at the browser: signs in whenever an address is shown, as whom it is for. */
function person(sim: Simulator, as: (account: string) => string = (account) => account): (text: string) => void {
  return (text) => {
    for (const [url] of text.matchAll(/http:\/\/127\.0\.0\.1:\d+\/[^\s"]+/g)) {
      const page = meant(url);
      void sim.user(as(new URL(page).searchParams.get("login_hint") ?? "")).signInAt(page);
    }
  };
}

it("signs in by browser all that need it, one after another, and leaves alone who is signed in", async () => {
  const line = await simulatedLine();
  line.onErr = person(line.sim);
  await line.signIn(support);
  const first = await line.run("--json", "sign-in");
  expect(first.exitCode).toBe(0);
  expect(line.json(first.out)).toEqual([
    { queue: support, account: support, outcome: "skipped" },
    {
      queue: sales,
      account: sales,
      outcome: "signed-in",
      method: "browser",
      objectId: line.sim.user(sales).objectId,
      userPrincipalName: sales,
      replaced: "nothing",
      expiresAt: expect.stringMatching(/^20.*Z$/),
    },
  ]);
  expect(line.json(first.err)).toEqual([{ progress: { account: sales, url: expect.stringContaining("http://127.0.0.1:") } }]);

  const second = await line.run("sign-in");
  expect([second.exitCode, second.out]).toEqual([0, `Signed in already: ${support}\nSigned in already: ${sales}\n`]);
  expect(second.err).toContain("--again");
  const named = await line.run("--json", "sign-in", support);
  expect(line.json(named.out)).toMatchObject([{ queue: support, outcome: "signed-in", replaced: "record" }]);
  const again = await line.run("sign-in", "--again");
  expect(again.out).toBe(`Signed in: ${support}\nSigned in: ${sales}\n`);
});

it("one that fails stops no other, says what to do, and ends the command with 3", async () => {
  const line = await simulatedLine();
  line.onErr = person(line.sim, () => sales);
  const { exitCode, out } = await line.run("--json", "sign-in");
  expect(exitCode).toBe(3);
  expect(line.json(out)).toMatchObject([
    { queue: support, outcome: "failed", error: { code: "AUTH_WRONG_ACCOUNT", remedy: expect.any(String) } },
    { queue: sales, outcome: "signed-in" },
  ]);
  const text = await line.run("sign-in");
  expect(text.out).toContain(`Failed: ${support}: AUTH_WRONG_ACCOUNT`);
  expect(text.out).toContain("What to do:");
});

it("ends with what the first failure says: with 4 where Entra cannot be had now", async () => {
  const line = await simulatedLine();
  line.sim.user(support).setPassword(password);
  line.input = password;
  line.sim.faults.add({ name: "away", route: "token", status: 503 });
  const { exitCode, out } = await line.run("--json", "sign-in", "--password-stdin", support);
  expect([exitCode, line.json(out)]).toMatchObject([4, [{ outcome: "failed", error: { code: "AUTH_UNAVAILABLE" } }]]);
});

it("has the browser come back to the port that it is given", async () => {
  const line = await simulatedLine();
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as AddressInfo;
  const refused = await line.run("--json", "sign-in", "--port", String(port), support);
  expect([refused.exitCode, line.json(refused.out)]).toMatchObject([3, [{ error: { code: "AUTH_REDIRECT_UNAVAILABLE" } }]]);
  await new Promise<void>((resolve) => taken.close(() => resolve()));
  line.onErr = person(line.sim);
  const { exitCode, err } = await line.run("sign-in", "--port", String(port), support);
  expect([exitCode, err]).toEqual([0, expect.stringContaining(encodeURIComponent(`http://localhost:${port}`))]);
});

it("signs in by device code", async () => {
  const line = await simulatedLine();
  line.onErr = (text) => {
    const [, code] = /enter the code (\S+)/.exec(text) ?? [];
    if (code !== undefined) line.sim.user(support).enterDeviceCode(code);
  };
  const { exitCode, out, err } = await line.run("sign-in", "--device-code", support);
  expect([exitCode, out]).toEqual([0, `Signed in: ${support}\n`]);
  expect(err).toContain("open http://127.0.0.1:");
});

it("signs in by a password from standard input, warns, and does not send a refused one again unless it is told to", async () => {
  const line = await simulatedLine();
  line.sim.user(support).setPassword(password);
  line.input = "wrong one\n";
  const refused = await line.run("--json", "sign-in", "--password-stdin", support);
  expect([refused.exitCode, line.json(refused.out)]).toMatchObject([3, [{ outcome: "failed", error: { code: "AUTH_SIGN_IN_REQUIRED" } }]]);
  const tries = () => line.sim.log.entries({ route: "token" }).length;
  const before = tries();
  expect((await line.run("sign-in", "--password-stdin", support)).exitCode).toBe(3);
  expect(tries()).toBe(before);
  expect((await line.run("sign-in", "--password-stdin", "--try-again", support)).exitCode).toBe(3);
  expect(tries()).toBe(before + 1);
  line.input = `${password}\r\nmore`;
  const done = await line.run("sign-in", "--password-stdin", support);
  expect([done.exitCode, done.out]).toEqual([0, `Signed in: ${support}\n`]);
  expect(done.err).toContain("advises against");
  for (const { out, err } of [refused, done]) expect(out + err).not.toMatch(/wrong one|battery/);
});

test.each([
  ["two ways at once", ["--device-code", "--password"], "Expected one of"],
  ["a piped password for two accounts", ["--password-stdin"], "one password must not be tried for several"],
  ["a password that nobody can be asked for", ["--password", support], "--password-stdin"],
  ["a port that is none", ["--port", "70000", support], "0 to 65535"],
  ["a port for another way", ["--device-code", "--port", "8080"], "--port"],
  ["a password's option for another way", ["--try-again"], "--try-again"],
])("%s is a wrong command line, and nobody is asked", async (_, words, told) => {
  const line = await simulatedLine();
  const { exitCode, err } = await line.run("sign-in", ...words);
  expect([exitCode, err]).toEqual([2, expect.stringContaining(told)]);
  expect(line.sim.log.entries()).toEqual([]);
});

it("an address that is no queue is refused before anybody is asked", async () => {
  const line = await simulatedLine();
  const { exitCode, err } = await line.run("sign-in", support, "nobody@contoso.com");
  expect([exitCode, err]).toEqual([1, expect.stringContaining("LIFECYCLE_UNKNOWN_QUEUE")]);
  expect(line.sim.log.entries()).toEqual([]);
});

it("queues of one account are signed in once", async () => {
  const line = await simulatedLine([
    { address: support, account: sales },
    { address: sales, account: sales },
  ]);
  line.onErr = person(line.sim);
  const { out } = await line.run("--json", "sign-in");
  expect(line.json(out)).toMatchObject([
    { queue: support, account: sales, outcome: "signed-in" },
    { queue: sales, account: sales, outcome: "signed-in" },
  ]);
  expect(line.sim.log.entries({ route: "token" })).toHaveLength(1);
});

it("a sign-in that is interrupted is given up, and no other begins", async () => {
  const line = await simulatedLine();
  line.onErr = () => line.interrupt();
  const { exitCode, out } = await line.run("--json", "sign-in");
  expect(exitCode).toBe(130);
  expect(line.json(out)).toMatchObject([{ queue: support, outcome: "failed", error: { code: "LIFECYCLE_STOPPED" } }]);
});

it("a sign-in that the running daemon found dead is asked for, and the daemon goes on with the new one", async () => {
  const line = await simulatedLine([{ address: support }]);
  await line.signIn(support);
  line.sim.user(support).revokeSessions();
  const { daemon, start } = await line.made(() => undefined, { control: true });
  const required = next(daemon, "queue:sign-in-required");
  await start();
  await required;
  await expect.poll(() => daemon.status().queues[0]?.state).toBe("waiting-for-sign-in");
  const settled = next(daemon, "message:settled");
  line.sim.mailbox(support).deliver({ subject: "after the sign-in" });
  line.onErr = person(line.sim);
  const { exitCode, out } = await line.run("sign-in");
  expect([exitCode, out]).toEqual([0, `Signed in: ${support}\n`]);
  await settled;
});

it("signs out, with and without a daemon that runs, and says when nobody was signed in", async () => {
  const line = await simulatedLine();
  await line.signIn(support, sales);
  expect(line.json((await line.run("--json", "sign-out", support)).out)).toEqual([{ queue: support, removed: true }]);
  expect((await line.run("sign-out", support)).out).toBe(`Nobody was signed in: ${support}\n`);
  const { daemon, start } = await line.made(() => undefined, { control: true });
  const polled = next(daemon, "queue:polled", ({ queue }) => queue === sales);
  await start();
  await polled;
  const required = next(daemon, "queue:sign-in-required", ({ queue }) => queue === sales);
  expect((await line.run("sign-out", sales)).out).toBe(`Signed out: ${sales}\n`);
  await required;
  expect((await line.run("sign-out", "nobody@contoso.com")).exitCode).toBe(1);
});

it("tells that a daemon which owns the store without a control socket keeps its token", async () => {
  const line = await simulatedLine();
  await line.signIn(support);
  const { start } = await line.made(() => undefined);
  await start();
  const { exitCode, err } = await line.run("sign-out", support);
  expect([exitCode, err]).toEqual([0, expect.stringContaining("cannot be told")]);
});

it("seals the vault with a new first key, with and without a daemon that runs", async () => {
  const line = await simulatedLine();
  await line.signIn(support, sales);
  const rotated = async (id: string) => {
    await writeFile(line.keyFile, `${id}:${generateKey()}\n${await readFile(line.keyFile, "utf8")}`, { mode: 0o600 });
    const { exitCode, out } = await line.run("--json", "rotate-keys");
    return [exitCode, line.json(out)];
  };
  expect(await rotated("key2")).toEqual([0, [{ resealed: 2, current: 0, failed: [] }]]);
  const { daemon, start } = await line.made(() => undefined, { control: true });
  const polled = next(daemon, "queue:polled");
  await start();
  await polled;
  expect(await rotated("key3")).toEqual([0, [{ resealed: 2, current: 0, failed: [] }]]);
  // The running daemon has the keys: without the older ones it goes on.
  await daemon.pollNow(support);
  expect((await line.run("rotate-keys")).out).toBe("0 sealed with the first key, 2 were already\n");
});

it("a vault that no key opens is named, and ends the rotation with 5", async () => {
  const line = await simulatedLine();
  await line.signIn(support);
  await writeFile(join(line.folder, "keys"), `other:${generateKey()}\n`, { mode: 0o600 });
  const { exitCode, out } = await line.run("rotate-keys");
  expect([exitCode, out]).toEqual([5, expect.stringContaining("AUTH_VAULT_KEY_UNKNOWN")]);
});
