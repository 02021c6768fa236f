import tls from "node:tls";
import { onTestFinished, vi } from "vitest";
import { describeDoorContract } from "./door-contract.js";

describeDoorContract("the global fetch", ({ ca } = {}) => {
  if (ca !== undefined) {
    // It takes no certificates; a host names its own by NODE_EXTRA_CA_CERTS when the process starts.
    const real = tls.connect as (options: tls.ConnectionOptions) => tls.TLSSocket;
    const trusting = vi
      .spyOn(tls, "connect")
      .mockImplementation(((options: tls.ConnectionOptions) => real({ ...options, ca })) as typeof tls.connect);
    onTestFinished(() => trusting.mockRestore());
  }
  return globalThis.fetch;
});
