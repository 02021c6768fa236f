import { describe, expect, it } from "vitest";
import { rejected } from "../../support/rejection.js";
import { address, jsonAnswer, setUp } from "./set-up.js";

type Claims = Readonly<Record<string, unknown>>;

/** The same token with other claims; nobody but Entra could sign it, and its signature is not what protects the sign-in. */
function reworded(idToken: unknown, change: (claims: Claims) => Claims): string {
  const [header, payload, signature] = String(idToken).split(".");
  const claims = JSON.parse(Buffer.from(payload ?? "", "base64url").toString()) as Claims;
  return [header, Buffer.from(JSON.stringify(change(claims))).toString("base64url"), signature].join(".");
}

const rewordedToken = (change: (claims: Claims) => Claims) => (body: Claims) => ({ ...body, id_token: reworded(body.id_token, change) });

/** A sign-in by browser whose token endpoint answers as the test says. */
async function signingIn(endpoint: (body: Claims) => Claims) {
  const { process, user, network } = await setUp();
  const { accounts, vault, names } = process();
  network.intercept = async (url, pass) => {
    if (!url.pathname.endsWith("/token")) return pass();
    return jsonAnswer(200, endpoint((await (await pass()).json()) as Claims));
  };
  let page = "";
  const ended = accounts.signIn(address, {
    method: "browser",
    async openUrl(url) {
      page = url;
      await user.signInAt(url);
    },
  });
  ended.catch(() => undefined);
  return { ended, network, vault, names, nonce: () => new URL(page).searchParams.get("nonce") ?? "" };
}

describe("the id token of a sign-in by browser", () => {
  it.each<readonly [string, (body: Claims) => Claims]>([
    ["another nonce", rewordedToken((claims) => ({ ...claims, nonce: "another-sign-in's-nonce" }))],
    ["an empty nonce", rewordedToken((claims) => ({ ...claims, nonce: "" }))],
    ["a nonce that is no text", rewordedToken((claims) => ({ ...claims, nonce: [claims.nonce] }))],
    ["no nonce", rewordedToken(({ nonce: _, ...claims }) => claims)],
    ["no id token to hold one", ({ id_token: _, ...body }) => body],
  ])("with %s is refused, and nothing is stored", async (_, endpoint) => {
    const { ended, network, vault, names } = await signingIn(endpoint);
    expect(await rejected(ended, network)).toMatchObject({ code: "AUTH_BAD_RESPONSE", message: expect.stringContaining("nonce_mismatch") });
    expect(await vault.version(address)).toBeNull();
    expect(names()).toEqual([]);
  });

  it("with the nonce of this sign-in is taken, whatever else it says beside", async () => {
    const { ended, vault } = await signingIn(rewordedToken((claims) => ({ ...claims, amr: ["pwd"] })));
    expect(await ended).toMatchObject({ queue: address, method: "browser" });
    expect(await vault.version(address)).not.toBeNull();
  });

  it("is bound by a nonce that no other sign-in has and nobody can guess", async () => {
    const [one, two] = [await signingIn((body) => body), await signingIn((body) => body)];
    await Promise.all([one.ended, two.ended]);
    for (const { nonce } of [one, two]) expect(Buffer.from(nonce(), "base64url").length).toBeGreaterThanOrEqual(32);
    expect(one.nonce()).not.toBe(two.nonce());
  });
});
