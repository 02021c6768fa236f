/** The sweeper as its callers see it; what a sweep finds is shown by test/faults/sweep.test.ts. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { queueSettings } from "../../../src/daemon/options.js";
import { createSweeper } from "../../../src/schedule/sweep.js";
import { createManualClock } from "../../support/manual-clock.js";

const settings = queueSettings({ address: "support@contoso.com" }, {});
const lost = new MailError("LIFECYCLE_LOST_QUEUE", "Another process has the queue.", { queue: settings.address });

test("whoever waits for a sweep when the queue ends has the reason, and so has whoever asks afterwards", async () => {
  const sweeper = createSweeper({ settings, clock: createManualClock(0) });
  const before = sweeper.demand();
  sweeper.stop(lost);
  await expect(before).rejects.toBe(lost);
  sweeper.stop(new MailError("LIFECYCLE_STOPPED", "It was stopped as well."));
  await expect(sweeper.demand()).rejects.toBe(lost);
});

test("a round that fails for good ends the sweeps that wait for one", async () => {
  const sweeper = createSweeper({ settings, clock: createManualClock(0) });
  const refused = new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in.", { queue: settings.address });
  const asked = sweeper.demand();
  sweeper.roundFailed(refused);
  await expect(asked).rejects.toBe(refused);
});
