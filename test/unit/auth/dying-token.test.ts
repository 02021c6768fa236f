import { expect, it } from "vitest";
import { rejected } from "../../support/rejection.js";
import { signedIn } from "./signed-in.js";

it.each([
  [3_600, 60],
  [600, 30],
])("a token of %i s is handed out until %i s before its end and no longer, so that a request has time to arrive", async (life, margin) => {
  const { clock, simulator, tokens, network } = await signedIn({ lifetimeSeconds: life });
  simulator.faults.add({ name: "down", route: "token", status: 503 });
  const token = await tokens.get();
  await clock.advance((life - margin) * 1_000 - 1);
  expect(await tokens.get()).toBe(token);
  await clock.advance(1);
  expect((await rejected(tokens.get(), network)).code).toBe("AUTH_UNAVAILABLE");
  simulator.faults.clear();
  expect(await tokens.get()).not.toBe(token);
});
