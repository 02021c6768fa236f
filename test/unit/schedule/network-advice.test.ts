/** What an operator looks at stands in `queue:failed` and in the status of a queue that the network hinders. */
import { expect, test } from "vitest";
import { MailError, type MailErrorCode } from "../../../src/base/errors.js";
import { settle } from "../../support/manual-clock.js";
import { createPolling, fine } from "./polling.js";

const network: readonly MailErrorCode[] = ["AUTH_UNREACHABLE", "AUTH_TIMEOUT", "AUTH_BAD_RESPONSE"];

test.each(network)("a turn that %s fails says what to look at, until one is complete", async (code) => {
  const scene = await createPolling();
  scene.begin();
  await settle();
  await scene.end(new MailError(code, "It failed."));
  const advice = { remedy: expect.stringMatching(/proxy|firewall/), who: "developer", step: "troubleshooting" };
  expect(scene.of("queue:failed")).toMatchObject([{ code, ...advice }]);
  expect(scene.of("queue:state").at(-1)).toMatchObject({ to: "idle", ...advice });
  expect(scene.poller.advice).toEqual(advice);
  await scene.end(fine);
  expect(scene.poller.advice).toEqual({});
});
