/** A daemon and another process renew the token of one address at the same moment: one wins, both go on with a working token. */
import { expect, it } from "vitest";
import { runRace } from "./fixtures/refresh-race/race.js";

it("fifty races of two processes for one refresh leave both with a working token, though used refresh tokens die", async () => {
  const { contested, statuses, userEvents, lines, simulator } = await runRace(50);
  console.log(`refresh race: both processes asked Entra in ${contested} of ${statuses.length} rounds`);
  expect(statuses).toEqual(Array.from({ length: 50 }, () => 200));
  // Else the run has shown less than it says.
  expect(contested).toBeGreaterThan(10);
  expect(userEvents.filter((event) => event !== "token:refreshed")).toEqual([]);
  expect(lines.filter(({ is }) => is === "trouble" || is === "early")).toEqual([]);
  // Nobody ever asked Entra with a refresh token that had died.
  expect(simulator.log.entries({ route: "token" }).filter(({ status }) => status !== 200)).toEqual([]);
});
