/**
 * The suite that every store must pass. `makeStore` gives a new, empty, unopened store and cleans up after the test by
 * itself; the suite opens and closes.
 */
import { describe } from "vitest";
import { describeStoreChecks } from "./store-checks.js";
import { describeStoreGathering, describeStoreLifetime } from "./store-gathering.js";
import { describeStoreModel } from "./store-model.js";
import type { MakeStore } from "./store-opening.js";
import { describeStoreReading } from "./store-reading.js";
import { describeStoreRefusals } from "./store-refusals.js";

export type { MakeStore };

/** Registers the suite for one store. */
export function describeStoreContract(name: string, makeStore: MakeStore): void {
  describe(`the contract, by ${name}`, () => {
    describeStoreReading(makeStore);
    describeStoreChecks(makeStore);
    describeStoreGathering(makeStore);
    describeStoreLifetime(makeStore);
    describeStoreRefusals(makeStore);
    describeStoreModel(makeStore);
  });
}
