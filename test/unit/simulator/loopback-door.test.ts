import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import ts from "typescript";
import { expect, onTestFinished, test, vi } from "vitest";
import { simulatorFetch } from "../../../simulator/index.js";
import { createCaller, graphOrigin, immutable, readReply } from "./caller.js";

async function openDoor() {
  const caller = await createCaller();
  const door = await caller.sim.listen();
  onTestFinished(() => door.close());
  const headers = { authorization: `Bearer ${caller.token}`, connection: "close" };
  return { ...caller, door, headers, far: simulatorFetch(door.url) };
}

test("the loopback door answers as the in-process one does", async () => {
  const { ask, far, headers, user } = await openDoor();
  const id = user.mailbox.deliver({ subject: "Größe ✓" });
  const path = `/me/messages/${id}?$select=subject`;
  const reply = await readReply(await far(`${graphOrigin}/v1.0${path}`, { headers: { ...headers, prefer: immutable } }));
  expect(reply.body).toEqual((await ask(path, { prefer: immutable })).body);
  const patched = await far(`${graphOrigin}/v1.0/me/messages/${id}`, {
    method: "PATCH",
    headers: { ...headers, "content-type": "application/json" },
    body: '{"isRead":true}',
  });
  expect(patched.status).toBe(200);
  await patched.text();
  expect((await far(`${graphOrigin}/v1.0/me/messages/${id}`, { method: "DELETE", headers })).status).toBe(204);
  expect(user.mailbox.message(id)).toMatchObject({ isRead: true, folder: "Deleted Items" });
});

test("Entra answers at the loopback door too, also to a Request object", async () => {
  const { far, sim, user } = await openDoor();
  const request = new Request(`https://login.microsoftonline.com/${sim.tenantId}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "refresh_token",
      client_id: sim.clientId,
      scope: "User.Read",
      refresh_token: user.issueRefreshToken(),
    }),
  });
  expect((await readReply(await far(request))).body).toHaveProperty("access_token");
});

test("a request that does not name its real host is refused loudly", async () => {
  const { door } = await openDoor();
  const bare = await fetch(`${door.url}/v1.0/me`, { headers: { connection: "close" } });
  expect(bare.status).toBe(400);
  expect(await bare.json()).toMatchObject({ error: { code: "SimulatorUnknownHost" } });
});

test("simulatorFetch lets nothing leave the machine", async () => {
  const { far } = await openDoor();
  await expect(far("https://example.org/")).rejects.toThrow(TypeError);
  await expect(far("http://graph.microsoft.com/v1.0/me")).rejects.toThrow(TypeError);
  expect(() => simulatorFetch("http://example.org:80")).toThrow(TypeError);
  expect(() => simulatorFetch("https://127.0.0.1:80")).toThrow(TypeError);
});

test("simulatorFetch looks the global fetch up at each call", async () => {
  const far = simulatorFetch("http://127.0.0.1:1");
  const stub = vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response("stubbed"));
  onTestFinished(() => stub.mockRestore());
  expect(await (await far(`${graphOrigin}/v1.0/me?a=b`)).text()).toBe("stubbed");
  expect(stub.mock.calls[0]?.[0]).toBe("http://127.0.0.1:1/v1.0/me?a=b");
});

test("simulatorFetch goes through the fetch it was given, a Request too", async () => {
  const carried: string[] = [];
  const carry: typeof fetch = async (input) => {
    carried.push(input instanceof Request ? input.url : String(input));
    return new Response("carried");
  };
  const unused = vi.spyOn(globalThis, "fetch");
  onTestFinished(() => unused.mockRestore());
  const far = simulatorFetch("http://127.0.0.1:1", { fetch: carry });
  expect(await (await far(`${graphOrigin}/v1.0/me`)).text()).toBe("carried");
  await far(new Request(`${graphOrigin}/v1.0/users`));
  expect(carried).toEqual(["http://127.0.0.1:1/v1.0/me", "http://127.0.0.1:1/v1.0/users"]);
  expect(unused).not.toHaveBeenCalled();
});

test("faults strike at the loopback door: a destroyed socket, a cut body of the right length", async () => {
  const { far, headers, sim } = await openDoor();
  sim.faults.add({ name: "drop", route: "me", dropSocket: "before", count: 1 });
  await expect(far(`${graphOrigin}/v1.0/me`, { headers })).rejects.toThrow("fetch failed");
  sim.faults.add({ name: "cut", route: "me", truncate: 30, count: 1 });
  const cut = await far(`${graphOrigin}/v1.0/me`, { headers });
  expect(cut.headers.get("content-length")).toBe("30");
  await expect(cut.json()).rejects.toThrow(SyntaxError);
});

test("a delay at the loopback door ends when the caller hangs up", async () => {
  const { far, headers, sim } = await openDoor();
  sim.faults.add({ name: "slow", route: "me", delayMs: 3_600_000 });
  const controller = new AbortController();
  const asking = far(`${graphOrigin}/v1.0/me`, { headers, signal: controller.signal });
  await vi.waitUntil(() => sim.log.count() === 1);
  controller.abort();
  await expect(asking).rejects.toMatchObject({ name: "AbortError" });
  await vi.waitUntil(() => sim.log.entries()[0]?.endedAt !== undefined);
});

test("the parts of a batch at the loopback door wait for no delay once the caller has hung up", async () => {
  const { far, headers, sim } = await openDoor();
  sim.faults.add({ name: "slow", route: "folder", delayMs: 3_600_000 });
  const requests = Array.from({ length: 9 }, (_, part) => ({ id: String(part), method: "GET", url: "/me/mailFolders/inbox" }));
  const controller = new AbortController();
  const asking = far(`${graphOrigin}/v1.0/$batch`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ requests }),
    signal: controller.signal,
  });
  await vi.waitUntil(() => sim.log.count({ route: "folder" }) === 4);
  controller.abort();
  await expect(asking).rejects.toMatchObject({ name: "AbortError" });
  await vi.waitUntil(() => sim.log.entries({ route: "batch" })[0]?.endedAt !== undefined);
  expect(sim.log.count({ route: "folder" })).toBe(9);
});

const here = (path: string) => fileURLToPath(new URL(`../../../simulator/${path}`, import.meta.url));

/** Compiles the files a client in another process needs into a folder of their own. */
function compileClient(): string {
  const folder = mkdtempSync(join(tmpdir(), "simulator-client-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  for (const file of ["door/simulator-fetch", "door/simulated-host", "cloud"]) {
    const { outputText } = ts.transpileModule(readFileSync(here(`${file}.ts`), "utf8"), {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
    });
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, `${file}.js`), outputText);
  }
  return join(folder, "door/simulator-fetch.js");
}

test("a client in another process drains a folder through the loopback door", async () => {
  const { door, sim, token, user } = await openDoor();
  const ids = user.mailbox.deliverMany(Array.from({ length: 250 }, () => ({})));
  const script = `
    import { simulatorFetch } from ${JSON.stringify(compileClient())};
    const far = simulatorFetch(${JSON.stringify(door.url)});
    const headers = { authorization: ${JSON.stringify(`Bearer ${token}`)}, prefer: 'IdType="ImmutableId", odata.maxpagesize=100' };
    let link = "${graphOrigin}/v1.0/me/mailFolders/inbox/messages/delta?$select=subject";
    const ids = [];
    while (link) {
      const page = await (await far(link, { headers })).json();
      ids.push(...page.value.map((item) => item.id));
      link = page["@odata.nextLink"];
    }
    console.log(JSON.stringify(ids));
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  expect(JSON.parse(stdout).sort()).toEqual([...ids].sort());
  expect(sim.log.count({ route: "delta" })).toBe(3);
});
