/** The memory store keeps the contract. */
import { memoryStore } from "../../src/state/memory.js";
import { describeStoreContract } from "./store-contract.js";

describeStoreContract("memoryStore", () => memoryStore());
