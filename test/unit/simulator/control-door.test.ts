/** The control of a simulator that listens: mail from another process, and nothing for strangers. */
import { request } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { createControl, createSimulator, type Simulator, simulatorFetch } from "../../../simulator/index.js";
import { address } from "./caller.js";

async function scene(control = true) {
  const sim = createSimulator({ seed: 7 });
  sim.addUser({ address }).mailbox.addFolder("Orders");
  const door = await sim.listen({ control });
  onTestFinished(() => door.close());
  return { sim, url: door.url, control: createControl(door.url) };
}

interface Raw {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** Not by fetch, which does not let a caller say another host. */
function ask(url: string, { method = "POST", path = "/simulator/deliver", headers = {}, body = order }: Raw): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const all = { "content-type": "application/json", connection: "close", ...headers };
    const asked = request(`${url}${path}`, { method, headers: all }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode));
    });
    asked.once("error", reject).end(body);
  });
}

const order = JSON.stringify({ address, message: {} });
const subjects = (sim: Simulator, folder?: string) =>
  sim
    .mailbox(address)
    .messages(folder)
    .map(({ subject }) => subject);

test("a mail is put into a mailbox with its bytes and its dates, in the folder that is named", async () => {
  const { sim, control } = await scene();
  const receivedAt = new Date("2026-03-14T09:30:00Z");
  const content = Uint8Array.from([0, 255, 128, 10]);
  const id = await control.deliver(address, { subject: "Größe", receivedAt, attachments: [{ name: "a.bin", content }] }, "Orders");
  expect(sim.mailbox(address).message(id)).toMatchObject({ subject: "Größe", folder: "Orders", receivedAt: receivedAt.getTime() });
  const [attachment] = sim.mailbox(address).attachments(id);
  expect(Buffer.concat([...(attachment?.pieces() ?? [])])).toEqual(Buffer.from(content));
  await control.deliver(address);
  expect(subjects(sim, "inbox")).toHaveLength(1);
});

test("it says whose it is", async () => {
  const { sim, control } = await scene();
  expect(await control.about()).toEqual({ tenantId: sim.tenantId, clientId: sim.clientId, seed: 7 });
});

test("an unknown user and an unknown folder are told in the simulator's words", async () => {
  const { control } = await scene();
  await expect(control.deliver("nobody@contoso.com")).rejects.toThrow("has no user nobody@contoso.com");
  await expect(control.deliver(address, {}, "Nowhere")).rejects.toThrow('no folder "Nowhere"');
});

test("a simulator that was not opened for it takes no orders", async () => {
  const { sim, control, url } = await scene(false);
  await expect(control.deliver(address)).rejects.toThrow("takes no orders");
  expect(await ask(url, {})).toBe(400);
  expect(subjects(sim)).toEqual([]);
});

test.each([
  ["one that names another host, as a rebound name does", { headers: { host: "evil.example.com" } }, 403],
  ["one that brings what a form can send", { headers: { "content-type": "text/plain" } }, 415],
  ["one that reads where orders are taken", { method: "GET", body: "" }, 404],
  ["one for a path that is none", { path: "/simulator/erase" }, 404],
  ["one that is no JSON", { body: "{" }, 400],
  ["one without an address", { body: "null" }, 400],
] as const)("a request is refused: %s", async (_, raw, status) => {
  const { sim, url } = await scene();
  expect(await ask(url, raw)).toBe(status);
  expect(subjects(sim)).toEqual([]);
  // The same, as it should be, is taken.
  expect(await ask(url, {})).toBe(200);
  expect(subjects(sim)).toHaveLength(1);
});

test("a request that means a real host never reaches the control", async () => {
  const { sim, url } = await scene();
  const response = await simulatorFetch(url)("https://graph.microsoft.com/simulator/deliver", {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: order,
  });
  expect(response.status).toBe(401);
  expect(subjects(sim)).toEqual([]);
});

test("only a simulator on loopback is controlled", () => {
  expect(() => createControl("http://10.0.0.1:8365")).toThrow(TypeError);
  expect(() => createControl("https://127.0.0.1:8365")).toThrow(TypeError);
});
