/** Alarms page somebody: each is told once, and only when there is something to do. */
import { expect, it } from "vitest";
import { createApplicationBar } from "../../../src/auth/application-bar.js";
import { createEntraPause } from "../../../src/auth/entra-pause.js";
import { generateKey, keyRing } from "../../../src/auth/key-ring.js";
import { MailError } from "../../../src/base/errors.js";
import { createManualClock, until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { address, jsonAnswer, setUp } from "./set-up.js";

const hourMs = 3_600_000;
const yearsMs = 3_650 * 24 * hourMs;

async function signedIn() {
  const world = await setUp();
  const process = world.process();
  await process.accounts.signIn(address, { method: "refreshToken", refreshToken: world.user.issueRefreshToken() });
  process.events.length = 0;
  return { ...world, ...process };
}

it("tokens that Graph goes on refusing are told of once, however often they are tried", async () => {
  const { clock, tokens, names } = await signedIn();
  const error = new MailError("GRAPH_UNAUTHORIZED", "no", { status: 401 });
  for (let turn = 0; turn < 4; turn += 1) {
    const second = await tokens.get({ refused: await tokens.get() });
    expect((await tokens.refusedAgain({ refused: second, error })).code).toBe("AUTH_SIGN_IN_REQUIRED");
    await clock.advance(900_001);
  }
  expect(names().filter((name) => name === "queue:sign-in-required")).toHaveLength(1);
});

it("two shared mailboxes of one account that Graph both refuses are a matter of the account", async () => {
  const { process, simulator } = await setUp();
  const { accounts, events } = process();
  const service = simulator.addUser({ address: "service@contoso.com" });
  const [one, two] = ["one@contoso.com", "two@contoso.com"].map((queue) => accounts.add({ address: queue, account: service.address }));
  await accounts.signIn("one@contoso.com", { method: "refreshToken", refreshToken: service.issueRefreshToken() });
  events.length = 0;
  const error = new MailError("GRAPH_UNAUTHORIZED", "no", { status: 401 });
  const token = (await one?.get()) ?? "";
  expect(await one?.refusedAgain({ refused: token, error })).toBe(error);
  expect(events).toEqual([]);
  expect((await two?.refusedAgain({ refused: token, error }))?.code).toBe("AUTH_SIGN_IN_REQUIRED");
  expect(events.map(({ name }) => name)).toEqual(["queue:sign-in-required", "queue:sign-in-required"]);
});

it("a stop while a record waits for its key asks nobody to sign in", async () => {
  const { process } = await signedIn();
  let loads = 0;
  const other = keyRing([{ id: "other", key: generateKey() }]);
  const { tokens, accounts, names } = process({ load: () => (++loads === 1 ? other.load() : new Promise(() => undefined)) });
  const waiting = rejected(tokens.get());
  await until(() => loads === 2);
  await accounts.close();
  await waiting;
  expect(names()).toEqual([]);
});

it("a stop is no acceptance of the application", async () => {
  const { clock, tokens, network, simulator, accounts, names } = await signedIn();
  await clock.advance(hourMs);
  simulator.faults.add({ name: "off", route: "token", aadsts: 7000112 });
  await rejected(tokens.get(), network);
  await accounts.close();
  expect(names()).toEqual(["app:refused"]);
});

it("a record that another process seals back with a key that we know is no sign-in", async () => {
  const { process, keys } = await signedIn();
  const fresh = await keyRing([{ id: "k2", key: generateKey() }]).load();
  await process({ load: async () => [...fresh, ...(await keys.load())] }).accounts.rotateKeys();
  const { tokens, names } = process();
  expect((await rejected(tokens.get())).code).toBe("AUTH_VAULT_KEY_UNKNOWN");
  await process({ load: async () => [...(await keys.load()), ...fresh] }).accounts.rotateKeys();
  await tokens.get();
  expect(names()).toEqual(["queue:sign-in-required"]);
});

it("the time that Entra names beside a refusal of the application is waited out", async () => {
  const { clock, tokens, network } = await signedIn();
  await clock.advance(hourMs);
  let asked = 0;
  network.intercept = () => {
    asked += 1;
    return Promise.resolve(jsonAnswer(401, { error: "invalid_client", error_codes: [7000112] }, { "retry-after": "600" }));
  };
  await rejected(tokens.get(), network);
  await clock.advance(599_000);
  await rejected(tokens.get(), network);
  expect(asked).toBe(1);
  await clock.advance(1_000);
  await rejected(tokens.get(), network);
  expect(asked).toBe(2);
});

it("what was told under a clock that ran ten years ahead holds nobody up when it is right again", async () => {
  const { store } = await setUp();
  const clock = createManualClock();
  const pause = createEntraPause({ account: address, store, clock });
  const application = createApplicationBar({ clock, onRefused: () => undefined, onAccepted: () => undefined });
  clock.freeze(yearsMs);
  await pause.remember(new MailError("AUTH_UNAVAILABLE", "busy", { notBeforeAt: clock.now() + 60_000 }));
  application.refused("a", new MailError("AUTH_APP_REFUSED", "off"));
  expect([await pause.current(), application.refusal("a")]).toEqual([expect.any(MailError), expect.any(MailError)]);
  clock.freeze(-yearsMs);
  expect([await pause.current(), application.refusal("a")]).toEqual([undefined, undefined]);
});
