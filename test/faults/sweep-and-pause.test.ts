/** A sweep that was asked for just before a pause. */
import { expect, it } from "vitest";
import { address, createFaultScene } from "./fixtures/scene.js";

it("a sweep that a pause keeps from beginning is refused as a round is, and waits for no resuming", async () => {
  const { daemon, round } = await createFaultScene();
  await daemon.start();
  await round();
  const swept = daemon.sweep(address).then(
    () => "swept",
    ({ code }) => code,
  );
  void daemon.pause(address);
  let timer: NodeJS.Timeout | undefined;
  const waited = new Promise((resolve) => {
    timer = setTimeout(resolve, 3_000, "nothing was said");
  });
  const said = await Promise.race([swept, waited]);
  clearTimeout(timer);
  expect(["LIFECYCLE_PAUSED", "swept"]).toContain(said);
});
