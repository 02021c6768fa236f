/**
 * A `fetch` that sends what is meant for Graph and Entra to a simulator on loopback.
 * Invariant: nothing leaves the machine: a host that is neither Graph's nor Entra's, or a simulator that is not on loopback, is refused.
 * Knows no route.
 */
import { cloudOfAuthority, cloudOfGraph } from "../cloud.js";
import { simulatedHostHeader } from "./simulated-host.js";

export interface SimulatorFetchOptions {
  /** What carries the requests to the simulator. Default: the global `fetch`, looked up at each call. */
  readonly fetch?: typeof fetch;
}

/**
 * A `fetch` for another process: requests to the real Graph and Entra host names go to the simulator listening at `url`.
 * Throws a `TypeError` for any other host.
 * @param url - What `Simulator.listen()` gave.
 */
export function simulatorFetch(url: string, options: SimulatorFetchOptions = {}): typeof fetch {
  const base = new URL(url);
  if (base.protocol !== "http:" || base.hostname !== "127.0.0.1")
    throw new TypeError(`Expected the url of a simulator on http://127.0.0.1, got ${url}`);
  return async (input, init) => {
    const carry = options.fetch ?? globalThis.fetch;
    const isRequest = typeof input !== "string" && !(input instanceof URL);
    const meant = new URL(isRequest ? input.url : input);
    if (meant.protocol !== "https:" || !(cloudOfGraph(meant.host) ?? cloudOfAuthority(meant.host))) {
      throw new TypeError(`The simulator answers for Graph and Entra only, not for ${meant.protocol}//${meant.host}`);
    }
    const target = base.origin + meant.pathname + meant.search;
    if (isRequest) {
      const request = new Request(input, init);
      request.headers.set(simulatedHostHeader, meant.host);
      return carry(new Request(target, request));
    }
    const headers = new Headers(init?.headers);
    headers.set(simulatedHostHeader, meant.host);
    return carry(target, { ...init, headers });
  };
}
