import { describe, expect, onTestFinished, test } from "vitest";
import { simulatorFetch } from "../../../simulator/index.js";
import { createCaller, everyScope, readReply } from "./caller.js";

const graph = "https://microsoftgraph.chinacloudapi.cn/v1.0";
const inbox = "/me/mailFolders/inbox";

async function createChineseCaller(door: "in process" | "on loopback") {
  const { sim, user } = await createCaller();
  let fetching = sim.fetch;
  if (door === "on loopback") {
    const opened = await sim.listen();
    onTestFinished(() => opened.close());
    fetching = simulatorFetch(opened.url);
  }
  const signedIn = await fetching(`https://login.partner.microsoftonline.cn/${sim.tenantId}/oauth2/v2.0/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      client_id: sim.clientId,
      scope: everyScope,
      grant_type: "refresh_token",
      refresh_token: user.issueRefreshToken(),
    }).toString(),
  });
  const { access_token: token } = (await signedIn.json()) as { access_token: string };
  const ask = async (path: string, method = "GET", body?: object) =>
    readReply(
      await fetching(graph + path, {
        method,
        headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }) },
        ...(body && { body: JSON.stringify(body) }),
      }),
    );
  return { sim, user, ask };
}

describe.each(["in process", "on loopback"] as const)("%s", (door) => {
  test("the cloud in China has mail, but no delta on it", async () => {
    const { ask, user } = await createChineseCaller(door);
    user.mailbox.deliver({ subject: "Here" });
    expect((await ask("/me")).status).toBe(200);
    expect((await ask(`${inbox}/messages`)).body.value).toMatchObject([{ subject: "Here" }]);
    const refused = await ask(`${inbox}/messages/delta?$select=id`);
    expect(refused.status).toBe(400);
    expect(refused.body.error).toMatchObject({
      code: "BadRequest",
      message: "Unsupported request: Change tracking is not supported against 'microsoft.graph.message'.",
    });
  });
});

test("the cloud in China knows neither internet headers nor flags of a message", async () => {
  const { ask, user } = await createChineseCaller("in process");
  const id = user.mailbox.deliver();
  for (const property of ["internetMessageHeaders", "flag"]) {
    for (const path of [`${inbox}/messages`, `/me/messages/${id}`]) {
      const refused = await ask(`${path}?$select=subject,${property}`);
      expect([refused.status, refused.body.error.code]).toEqual([400, "RequestBroker--ParseUri"]);
    }
  }
  const whole = (await ask(`/me/messages/${id}`)).body;
  expect(whole).toHaveProperty("body");
  expect(whole).not.toHaveProperty("flag");
  expect((await ask(`/me/messages/${id}`, "PATCH", { flag: { flagStatus: "flagged" } })).status).toBe(400);
  expect((await ask(`/me/messages/${id}`, "PATCH", { isRead: true })).status).toBe(200);
});

test("other clouds know them", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver();
  expect((await ask(`/me/messages/${id}?$select=internetMessageHeaders,flag`)).body).toMatchObject({
    internetMessageHeaders: expect.any(Array),
    flag: { flagStatus: "notFlagged" },
  });
});
