import { describe, expect, it } from "vitest";
import { confirmIdentity } from "../../../src/auth/identity.js";

const me = {
  id: "oid-1",
  userPrincipalName: "Support@contoso.com",
  mail: "help@contoso.com",
  proxyAddresses: ["SMTP:help@contoso.com", "smtp:Old@contoso.com", "sip:chat@contoso.com"],
};

function graph(user: unknown, users: Record<string, { status: number; json?: unknown }> = {}) {
  const paths: string[] = [];
  const ask = (path: string) => {
    paths.push(path);
    if (path.startsWith("/me?")) return Promise.resolve({ status: 200, json: user });
    const name = decodeURIComponent(/^\/users\/([^?]+)\?/.exec(path)?.[1] ?? "");
    return Promise.resolve({ status: 404, json: {}, ...users[name] });
  };
  return { ask, paths };
}

describe("identity", () => {
  it.each(["support@contoso.com", "HELP@contoso.com", "old@CONTOSO.com"])(
    "lets %s in by name, mail or proxy address in any case, asking once",
    async (address) => {
      const { ask, paths } = graph(me);
      expect(await confirmIdentity({ ask, address })).toEqual({ objectId: "oid-1", userPrincipalName: "Support@contoso.com" });
      expect(paths).toEqual(["/me?$select=id,userPrincipalName,mail,proxyAddresses"]);
    },
  );

  it("lets an address in under which Graph finds the same user, escaping it in the path", async () => {
    const { ask, paths } = graph({ ...me, proxyAddresses: undefined }, { "a/b+c@contoso.com": { status: 200, json: { id: "oid-1" } } });
    expect((await confirmIdentity({ ask, address: "a/b+c@contoso.com" })).objectId).toBe("oid-1");
    expect(paths[1]).toBe("/users/a%2Fb%2Bc%40contoso.com?$select=id");
  });

  it.each([
    ["another user holds the address", { status: 200, json: { id: "oid-2" } }],
    ["nobody holds it", { status: 404 }],
    ["Graph may not say", { status: 403 }],
  ])("refuses when %s, naming both addresses", async (_, answer) => {
    const { ask } = graph(me, { "sales@contoso.com": answer });
    await expect(confirmIdentity({ ask, address: "sales@contoso.com" })).rejects.toMatchObject({
      code: "AUTH_WRONG_ACCOUNT",
      message: expect.stringMatching(/Support@contoso\.com.*sales@contoso\.com/),
      remedy: expect.stringMatching(/Sign in as sales@contoso\.com.*\(user; docs\/setup-entra\.md#sign-in\)$/),
      who: "user",
      step: "sign-in",
    });
  });

  it("does not take a chat address for a mail address", async () => {
    await expect(confirmIdentity({ ask: graph(me).ask, address: "chat@contoso.com" })).rejects.toMatchObject({
      code: "AUTH_WRONG_ACCOUNT",
    });
  });

  it("lets nobody in while Graph does not say who is signed in", async () => {
    const answer = (status: number, json: unknown) => confirmIdentity({ ask: () => Promise.resolve({ status, json }), address: "a@b" });
    await expect(answer(503, {})).rejects.toMatchObject({ code: "GRAPH_UNAVAILABLE", retryable: true });
    await expect(answer(401, {})).rejects.toMatchObject({
      code: "GRAPH_UNAUTHORIZED",
      remedy: expect.stringContaining("Sign the account in"),
    });
    await expect(answer(403, {})).rejects.toMatchObject({ code: "GRAPH_FORBIDDEN", remedy: expect.stringContaining("User.Read") });
    await expect(answer(200, null)).rejects.toMatchObject({ code: "GRAPH_BAD_RESPONSE" });
    await expect(answer(200, { id: "" })).rejects.toMatchObject({ code: "GRAPH_BAD_RESPONSE" });
  });
});
