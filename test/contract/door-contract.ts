/** The suite that every door to the network must pass: what `base/http.ts` and a host rely on in a `fetch`. */
import { describe } from "vitest";
import type { Fetch } from "../../src/base/http.js";
import { describeDoorAnswers } from "./door-answers.js";
import { describeDoorBelowHttp } from "./door-below-http.js";
import { describeDoorConnections } from "./door-connections.js";
import { describeDoorEnds } from "./door-ends.js";
import { describeDoorRequests } from "./door-requests.js";

/** A door; with `ca`, one that trusts this certificate (PEM) until the test has finished. */
export type OpenDoor = (options?: { readonly ca?: string }) => Fetch;

/** Registers the suite for one door. */
export function describeDoorContract(name: string, openDoor: OpenDoor): void {
  describe(`the contract, by ${name}`, () => {
    describeDoorRequests(openDoor);
    describeDoorAnswers(openDoor);
    describeDoorConnections(openDoor);
    describeDoorEnds(openDoor);
    describeDoorBelowHttp(openDoor);
  });
}
