/**
 * Where a browser finds a page of the simulator's.
 * Invariant: only addresses of Graph and Entra are mapped, and only to a simulator on loopback. Knows no route.
 */
import { cloudOfAuthority, cloudOfGraph, simulatedClouds } from "../cloud.js";

/**
 * The plain-http address at which a browser finds what `url` means: `https://login.microsoftonline.com/…` or a `verification_uri`.
 * Throws a `TypeError` for any other address.
 * @param doorUrl - What `Simulator.listen()` gave.
 */
export function simulatorUrl(doorUrl: string, url: string): string {
  const door = new URL(doorUrl);
  if (door.protocol !== "http:" || door.hostname !== "127.0.0.1")
    throw new TypeError(`Expected the url of a simulator on http://127.0.0.1, got ${doorUrl}`);
  const meant = new URL(url);
  const devices = simulatedClouds.find(({ deviceLogin }) => deviceLogin === meant.origin + meant.pathname);
  if (devices) return `${door.origin}/${devices.authorities[0]}/common/oauth2/deviceauth${meant.search}`;
  if (meant.protocol !== "https:" || !(cloudOfGraph(meant.host) ?? cloudOfAuthority(meant.host))) {
    throw new TypeError(`The simulator answers for Graph and Entra only, not for ${meant.protocol}//${meant.host}`);
  }
  return `${door.origin}/${meant.host}${meant.pathname}${meant.search}`;
}
