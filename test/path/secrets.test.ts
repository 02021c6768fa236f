/**
 * What the daemon shows on its whole way, from sign-in to refusal, holds no secret; and the search around every test has
 * really seen it, so that its silence elsewhere means searched. That it would find one, `test/gates/secrets.test.ts` shows.
 */
import { expect, test } from "vitest";
import { generateKey, keyRing, MailError, memoryStore } from "../../src/index.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";
import { lookForSecret, searchCounts, showObject } from "../support/secrets/showings.js";

const password = "correct horse battery staple";

test("sign-in, mail, a refused token and a wrong password are all searched, for every kind of secret", async () => {
  const before = searchCounts();
  const sim = simulatorWith([]);
  const user = sim.addUser({ address, password });
  user.mailbox.deliver({ subject: "My parcel" });
  const daemon = await signedIn(sim, hostOptions(sim));
  await daemon.signIn(address, { method: "password", password });
  const marked = next(daemon, "message:marked");
  await daemon.start();
  await marked;
  const asked = next(daemon, "queue:sign-in-required");
  user.revokeSessions();
  expect(await asked).toMatchObject({ queue: address });
  const wrong = "another horse battery staple";
  lookForSecret("wrong password", wrong);
  await expect(daemon.signIn(address, { method: "password", password: wrong })).rejects.toBeInstanceOf(MailError);
  await daemon.stop();

  const { events, errors, secrets } = searchCounts();
  // Signed in, polled, settled, marked, asked for a sign-in, stopped; the refused token and the wrong password.
  expect(events - before.events).toBeGreaterThanOrEqual(6);
  expect(errors - before.errors).toBeGreaterThanOrEqual(2);
  // The passwords; of two sign-ins a refresh, an access and an id token each; a key in six forms.
  expect(secrets - before.secrets).toBeGreaterThanOrEqual(2 + 2 * 3 + 6);
});

test("no public object shows a secret to who inspects it: before the start, signed in, running and stopped", async () => {
  const { objects } = searchCounts();
  const sim = simulatorWith([]);
  const user = sim.addUser({ address, password });
  const store = memoryStore();
  const vaultKeys = keyRing([{ id: "k1", key: generateKey() }]);
  const daemon = await signedIn(
    sim,
    hostOptions(sim, {
      store,
      vaultKeys,
      handler: (delivery) => showObject("a delivery", delivery),
    }),
  );
  const look = (when: string) => {
    for (const [name, value] of Object.entries({ daemon, status: daemon.status(), store, vaultKeys, sim, user, log: sim.log.entries() }))
      showObject(`${name} ${when}`, value);
  };
  look("when made");
  showObject("the result of a sign-in", await daemon.signIn(address, { method: "password", password }));
  look("when signed in");
  user.mailbox.deliver({ subject: "My parcel" });
  const marked = next(daemon, "message:marked");
  await daemon.start();
  await marked;
  look("when running");
  await daemon.stop();
  look("when stopped");
  showObject("the error of a stopped daemon", await daemon.start().catch((error: unknown) => error));
  expect(searchCounts().objects - objects).toBeGreaterThanOrEqual(4 * 7 + 3);
});
