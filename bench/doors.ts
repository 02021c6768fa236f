/**
 * The doors to the network that a row is run with; the same one for both sides of a ratio.
 * Invariant: a door is a name, so that another process can open the same one.
 */
import { undiciFetch } from "m365-mail-daemon";
import { simulatorFetch } from "m365-mail-daemon/simulator";

/** `global`: the global `fetch`, the daemon's default. `undici`: the product's second door. */
export type DoorName = "global" | "undici";

const doors: Readonly<Record<DoorName, () => typeof fetch>> = {
  global: () => globalThis.fetch,
  undici: () => undiciFetch(),
};

export const doorNames = Object.keys(doors) as DoorName[];

/** A `fetch` through that door to the simulator at the url. */
export function openDoor(name: DoorName, url: string): typeof fetch {
  return simulatorFetch(url, { fetch: doors[name]() });
}
