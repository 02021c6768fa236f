/**
 * What another process may do to a simulator besides asking as a client of Graph's: put mail into its mailboxes.
 * Invariant: only where it was opened, on loopback, below a path that is no host of Graph's or Entra's. A web page of a stranger's reaches
 * nothing: a request has to name this door as its host, and to bring JSON, which no page can send elsewhere unasked. Knows no route of theirs.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { SimulatedMailbox } from "../mailbox/simulated-mailbox.js";
import { readOrder } from "./control-message.js";

/** Where it begins. */
export const controlPath = "/simulator/";

/** A request to it. */
export interface ControlAsk {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface ControlAnswer {
  readonly status: number;
  readonly json: unknown;
}

/** Answers a request. */
export type Control = (ask: ControlAsk) => ControlAnswer;

/** What is controlled. */
export interface ControlledWorld {
  readonly tenantId: string;
  readonly clientId: string;
  readonly seed: number;
  readonly mailbox: (address: string) => SimulatedMailbox;
}

const refused = (status: number, error: string): ControlAnswer => ({ status, json: { error } });

/** Makes the control of a simulator. */
export function answerControl({ tenantId, clientId, seed, mailbox }: ControlledWorld): Control {
  return ({ method, path, headers, body }) => {
    if (!/^(127\.0\.0\.1|localhost):\d+$/.test(headers.host ?? ""))
      return refused(403, "Ask by the address at which the simulator listens.");
    if (method === "GET" && path === controlPath) return { status: 200, json: { tenantId, clientId, seed } };
    if (method !== "POST" || path !== `${controlPath}deliver`) return refused(404, `There is no ${method} ${path}.`);
    if (headers["content-type"] !== "application/json") return refused(415, "Expected JSON.");
    try {
      const { address, folder, message } = readOrder(body);
      return { status: 200, json: { id: mailbox(address).deliver(message, folder) } };
    } catch (error) {
      return refused(400, (error as Error).message);
    }
  };
}
