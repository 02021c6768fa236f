/**
 * A simulator in another process, from outside.
 * Invariant: only a simulator on loopback is asked. Knows no route of Graph's.
 */
import type { NewMessage } from "../mailbox/message.js";
import { controlPath } from "./control.js";
import { writeOrder } from "./control-message.js";

/** What can be done to it. */
export interface SimulatorControl {
  /** Its ids and its seed. */
  about(): Promise<{ readonly tenantId: string; readonly clientId: string; readonly seed: number }>;
  /** Puts a new message there (default: inbox) and resolves with its immutable id. Rejects where the simulator has no such user or folder. */
  deliver(address: string, message?: NewMessage, folder?: string): Promise<string>;
}

/**
 * Controls a simulator that listens with `control: true`, as `m365-mail-daemon simulate` does. Throws a `TypeError` for an address that is
 * not on loopback; its methods reject with one, as `fetch` does, where nobody listens.
 * @param url - What `Simulator.listen()` gave.
 */
export function createControl(url: string): SimulatorControl {
  const base = new URL(url);
  if (base.protocol !== "http:" || base.hostname !== "127.0.0.1")
    throw new TypeError(`Expected the url of a simulator on http://127.0.0.1, got ${url}`);

  async function ask<Json>(path: string, body?: string): Promise<Json> {
    // Whoever gives one order and ends should not have to wait for an idle connection.
    const headers = { "content-type": "application/json", connection: "close" };
    const init = body === undefined ? { headers } : { method: "POST", headers, body };
    const response = await globalThis.fetch(`${base.origin}${controlPath}${path}`, init);
    const json = (await response.json()) as Json & { error?: unknown };
    if (response.ok) return json;
    const { error } = json;
    // A simulator without control says so in Graph's way.
    throw new Error(typeof error === "string" ? error : "This simulator takes no orders: let it listen with `control: true`.");
  }

  return {
    about: () => ask(""),
    async deliver(address, message = {}, folder) {
      const order = { address, message, ...(folder === undefined ? {} : { folder }) };
      return (await ask<{ id: string }>("deliver", writeOrder(order))).id;
    },
  };
}
