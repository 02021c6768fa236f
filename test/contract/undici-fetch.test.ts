import { undiciFetch } from "../../src/base/undici-fetch.js";
import { describeDoorContract } from "./door-contract.js";

describeDoorContract("undiciFetch", (options) => undiciFetch(options));
