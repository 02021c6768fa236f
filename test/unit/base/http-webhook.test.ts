/** The door for a webhook: to one origin, and with no token whatever somebody may hand it. */
import { expect, it, test } from "vitest";
import { createHttp, type Fetch } from "../../../src/base/http.js";
import { createManualClock } from "../../support/manual-clock.js";
import { leaks } from "../../support/rejection.js";

const token = "eyJ0eXAiOiJKV1QifQ.secret-part.signature";

function door(origin: string) {
  const calls: string[] = [];
  const fetch: Fetch = async (url) => {
    calls.push(String(url));
    return new Response("thanks");
  };
  const http = createHttp({ service: "DELIVERY_WEBHOOK", origin, deadlineMs: 1_000, fetch, clock: createManualClock() });
  const ask = (url: string, headers: Record<string, string> = {}) => http({ method: "POST", url, headers, body: "{}" });
  return { calls, ask };
}

const origin = "https://hooks.example.com:8443";

test.each([
  ["another host", "https://evil.example:8443/"],
  ["another port", "https://hooks.example.com/"],
  ["clear text", "http://hooks.example.com:8443/"],
  ["Graph", "https://graph.microsoft.com/v1.0/me"],
  ["a user at the host", "https://ada@hooks.example.com:8443/"],
  ["a password at the host", "https://:letmein@hooks.example.com:8443/"],
  ["a file", "file:///etc/passwd"],
  ["no URL", "/mail"],
])("%s is refused before anything is sent", async (_, url) => {
  const { calls, ask } = door(origin);
  const refused = await ask(url).catch((error: unknown) => error);
  expect(calls).toEqual([]);
  expect(refused).toMatchObject({
    code: "DELIVERY_WEBHOOK_BAD_RESPONSE",
    message: expect.stringContaining(`only ${origin} may be asked`) as string,
  });
  expect(leaks(refused, ["letmein"])).toEqual([]);
});

test.each(["Authorization", "authorization", "AUTHORIZATION"])("a request with %s is refused, and does not show it", async (name) => {
  const { calls, ask } = door(origin);
  const refused = await ask(`${origin}/mail`, { [name]: `Bearer ${token}` }).catch((error: unknown) => error);
  expect(calls).toEqual([]);
  expect(refused).toMatchObject({ code: "DELIVERY_WEBHOOK_BAD_RESPONSE" });
  expect(leaks(refused, [token])).toEqual([]);
});

test.each([origin, "http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080"])(
  "%s is asked, whatever its path",
  async (own) => {
    const { calls, ask } = door(own);
    expect((await ask(`${own}/a/b?c=d`, { "webhook-id": "msg_1" })).status).toBe(200);
    expect(calls).toEqual([`${own}/a/b?c=d`]);
  },
);

it("does not lead to another machine in clear text, also where its origin was given so", async () => {
  const { calls, ask } = door("http://hooks.example.com");
  await expect(ask("http://hooks.example.com/")).rejects.toMatchObject({ code: "DELIVERY_WEBHOOK_BAD_RESPONSE" });
  expect(calls).toEqual([]);
});
