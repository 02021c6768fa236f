/** The LMDB store keeps the contract. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { lmdbStore } from "../../src/state/lmdb.js";
import { describeStoreContract } from "./store-contract.js";

describeStoreContract("lmdbStore", async () => {
  const folder = await mkdtemp(join(tmpdir(), "store-contract-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return lmdbStore(join(folder, "state.d"));
});
