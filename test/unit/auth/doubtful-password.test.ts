/** A password of which nobody knows whether it was looked at counts as tried: it is not sent again unless asked for. */
import { expect, it } from "vitest";
import { generateKey, keyRing } from "../../../src/auth/key-ring.js";
import { rejected } from "../../support/rejection.js";
import { address, type Intercept, jsonAnswer, setUp } from "./set-up.js";

const wrong = { method: "password", password: "wrong horse battery" } as const;

const doubtful: readonly (readonly [string, Intercept])[] = [
  [
    "a connection that breaks after the request was sent",
    () =>
      Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }) })),
  ],
  ["a gateway's time-out", () => Promise.resolve(jsonAnswer(504, "gateway time-out"))],
  ["an on-premises agent that answers too late", () => Promise.resolve(jsonAnswer(400, { error: "invalid_grant", error_codes: [80014] }))],
];

it.each(doubtful)("that met %s is not tried again", async (_, intercept) => {
  const { process, network } = await setUp();
  const { accounts } = process();
  let asked = 0;
  network.intercept = (...given) => {
    asked += 1;
    return intercept(...given);
  };
  await rejected(accounts.signIn(address, wrong), network);
  expect((await rejected(accounts.signIn(address, wrong), network)).remedy).toContain("tryAgain");
  expect(asked).toBe(1);
});

it.each([
  [429, undefined],
  [503, undefined],
  [400, 90033],
])("that Entra had no time for (%s) may be tried again", async (status, number) => {
  const { process, network } = await setUp();
  const { accounts } = process();
  let asked = 0;
  network.intercept = () => {
    asked += 1;
    return Promise.resolve(jsonAnswer(status, number ? { error: "invalid_grant", error_codes: [number] } : {}));
  };
  for (let turn = 0; turn < 2; turn += 1) await rejected(accounts.signIn(address, wrong), network);
  expect(asked).toBe(2);
});

it("cannot be tried, nor forgotten, while the keys are away, even when asked for", async () => {
  const { process, network, keys, tokenRequests, store } = await setUp();
  await rejected(process().accounts.signIn(address, wrong), network);
  const [kept] = await store.list({ prefix: ["refused-passwords"], limit: 1 });
  const other = await keyRing([{ id: "k2", key: generateKey() }]).load();
  let loads = 0;
  // The ring of a service that fails when it is asked for the older key.
  const away = { load: () => (++loads === 1 ? Promise.resolve(other) : keyRing([]).load()) };
  await expect(process(away).accounts.signIn(address, { ...wrong, password: "another horse battery", tryAgain: true })).rejects.toThrow();
  expect(await store.list({ prefix: ["refused-passwords"], limit: 1 })).toEqual([kept]);
  expect((await rejected(process(keys).accounts.signIn(address, wrong), network)).message).toContain("not tried again");
  expect(tokenRequests()).toBe(1);
});
