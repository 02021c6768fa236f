/** The seed file of `simulate`: what it may say becomes users, mails and faults; what it may not is named with its place. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { buildSimulator } from "../../../src/cli/simulation/build.js";
import { loadSeed } from "../../../src/cli/simulation/seed.js";
import { everyScope, graphOrigin } from "../simulator/caller.js";

async function seedOf(content: object | string, files: Readonly<Record<string, string>> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "seed-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  await writeFile(join(folder, "seed.json"), typeof content === "string" ? content : JSON.stringify(content));
  return loadSeed(join(folder, "seed.json"));
}

const built = async (content: object | string, files?: Readonly<Record<string, string>>) => buildSimulator(await seedOf(content, files));
const address = "support@contoso.com";

test("comments are taken, and a user alone is enough", async () => {
  const sim = await built(`{
    // One of them.
    "users": [{ "address": "${address}" }],
  }`);
  expect(sim.mailbox(address).messages()).toEqual([]);
});

test("folders, mails and attachments are as it says", async () => {
  const receivedAt = "2026-03-14T09:30:00Z";
  const sim = await built(
    {
      simulator: { seed: 5, tenantId: "5f3c1a7e-9b42-4d06-8f1e-2a6d0c9be742", quirks: { replays: false } },
      users: [
        {
          address,
          language: "de",
          folders: ["Orders/Open", "inbox/Chat"],
          messages: [
            {
              subject: "One",
              from: "anna@example.org",
              text: "plain",
              receivedAt,
              isRead: true,
              categories: ["vip"],
              folder: "Orders/Open",
              count: 2,
            },
            {
              subject: "Two",
              from: { name: "Tom", address: "tom@example.net" },
              html: "<p>hi</p>",
              folder: "Inbox/Chat",
              attachments: [
                { file: "note.txt" },
                { name: "made-up.bin", bytes: 100_000 },
                { name: "text.csv", text: "a;b", contentType: "text/csv" },
                { message: { subject: "Inside", text: "nested" } },
                { name: "elsewhere", link: true },
              ],
            },
          ],
        },
      ],
    },
    { "note.txt": "from a file" },
  );
  expect(sim).toMatchObject({ seed: 5, tenantId: "5f3c1a7e-9b42-4d06-8f1e-2a6d0c9be742" });
  const mailbox = sim.mailbox(address);
  const open = mailbox.folders().find(({ name }) => name === "Open");
  expect(mailbox.messages(open?.id)).toHaveLength(2);
  expect(mailbox.messages(open?.id)[0]).toMatchObject({
    subject: "One",
    isRead: true,
    categories: ["vip"],
    receivedAt: Date.parse(receivedAt),
  });
  const [two] = mailbox.messages(mailbox.folders().find(({ name }) => name === "Chat")?.id);
  const attachments = mailbox.attachments(two?.id as string);
  expect(attachments.map(({ name, kind }) => [name, kind])).toEqual([
    ["note.txt", "file"],
    ["made-up.bin", "file"],
    ["text.csv", "file"],
    ["Inside", "item"],
    ["elsewhere", "reference"],
  ]);
  const bytes = (index: number) => Buffer.concat([...(attachments[index]?.pieces() ?? [])]);
  expect([bytes(0).toString(), bytes(1).length, bytes(2).toString()]).toEqual(["from a file", 100_000, "a;b"]);
});

test("users are as it says: password, state, who is let in; faults strike, and the app is as registered", async () => {
  const sim = await built({
    app: { publicClientFlows: true },
    users: [
      { address, password: "wrong bicycle", sharedWith: ["agent@contoso.com"] },
      { address: "agent@contoso.com", mfaRequired: true },
      { address: "unlicensed@contoso.com", mailbox: false },
    ],
    faults: [{ name: "busy", route: ["me", "user"], status: 503, headers: { "x-why": "test" }, count: 1 }],
  });
  const signIn = async (username: string, password: string) => {
    const form = { grant_type: "password", client_id: sim.clientId, scope: `${everyScope} Mail.ReadWrite.Shared`, username, password };
    const response = await sim.fetch(`https://login.microsoftonline.com/${sim.tenantId}/oauth2/v2.0/token`, {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
    });
    return (await response.json()) as { access_token?: string; error_codes?: number[] };
  };
  expect(await signIn("agent@contoso.com", "letmein")).toMatchObject({ error_codes: [50076] });
  expect(await signIn(address, "letmein")).toMatchObject({ error_codes: [50126] });
  const { access_token: token } = await signIn(address, "wrong bicycle");
  const ask = (path: string) => sim.fetch(`${graphOrigin}/v1.0${path}`, { headers: { authorization: `Bearer ${token}` } });
  const busy = await ask("/me");
  expect([busy.status, busy.headers.get("x-why")]).toEqual([503, "test"]);
  expect((await ask("/me")).status).toBe(200);
  expect(() => sim.mailbox("unlicensed@contoso.com")).toThrow("no mailbox");
  sim.user("agent@contoso.com").set({ mfaRequired: false });
  const { access_token: agent } = await signIn("agent@contoso.com", "letmein");
  const shared = await sim.fetch(`${graphOrigin}/v1.0/users/${address}/messages`, { headers: { authorization: `Bearer ${agent}` } });
  expect(shared.status).toBe(200);
});

test.each<[what: string, content: object | string, words: string]>([
  ["no JSON", '{ "users": [ }', "line 1, column 14"],
  ["nobody", {}, "users"],
  ["an unknown word", { users: [{ address, pasword: "x" }] }, "users[0].pasword"],
  ["an address that is none", { users: [{ address: "support" }] }, "`users[0].address` to be a full e-mail address"],
  ["a date that is none", { users: [{ address, messages: [{ receivedAt: "yesterday" }] }] }, "users[0].messages[0].receivedAt"],
  ["two bodies", { users: [{ address, messages: [{ text: "a", html: "b" }] }] }, "`text` or with `html`"],
  ["an attachment of two kinds", { users: [{ address, messages: [{ attachments: [{ text: "a", bytes: 1 }] }] }] }, "attachments[0]"],
  ["a route that is none", { users: [{ address }], faults: [{ name: "x", route: "inbox" }] }, "faults[0].route"],
  ["an id that is none", { simulator: { tenantId: "contoso.com" }, users: [{ address }] }, "simulator.tenantId` to be a GUID"],
  ["an address twice", { users: [{ address }, { address }] }, "`users[1]`: The simulator already has a user"],
  ["a folder that is not there", { users: [{ address, messages: [{ folder: "Nowhere" }] }] }, "`users[0].messages[0]`"],
  ["a file that is not there", { users: [{ address, messages: [{ attachments: [{ file: "none.pdf" }] }] }] }, "none.pdf"],
  ["mail of somebody without a mailbox", { users: [{ address, mailbox: false, messages: [{}] }] }, "has no mailbox"],
  ["a guest who is unknown", { users: [{ address, sharedWith: ["nobody@contoso.com"] }] }, "`users[0].sharedWith`"],
])("%s is refused with its place", async (_, content, words) => {
  const failed = built(content);
  await expect(failed).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining(words) });
  await expect(failed).rejects.toThrow("seed.json");
});

test("a password that is wrong is not repeated", async () => {
  const error: unknown = await built({ users: [{ address, password: 12_345_678 }] }).catch((cause: unknown) => cause);
  expect(String(error)).toContain("users[0].password");
  expect(String(error)).not.toContain("12345678");
});
