/**
 * Calls between two processes over Node's own channel, both ways: each side has commands, and asks the other's by name.
 * Invariant: every call ends, with the other side's result or its error; when the channel breaks, all that are open fail.
 */

/** What one side can be asked; parameters and results are what structured cloning carries. */
export type Commands = Readonly<Record<string, (...given: never[]) => unknown>>;

/** The other side, by its commands. */
export interface Peer<Theirs extends Commands> {
  ask<Name extends keyof Theirs & string>(name: Name, ...given: Parameters<Theirs[Name]>): Promise<Awaited<ReturnType<Theirs[Name]>>>;
}

/** A process as a channel: a child as its parent sees it, or `process` in a child. */
export interface Channel {
  send?(message: unknown): unknown;
  on(event: "message", listener: (message: unknown) => void): unknown;
  once(event: "disconnect", listener: () => void): unknown;
}

type Message =
  | { readonly kind: "ask"; readonly number: number; readonly name: string; readonly given: readonly never[] }
  | { readonly kind: "result"; readonly number: number; readonly result: unknown }
  | { readonly kind: "error"; readonly number: number; readonly error: string };

/** Answers the other side with `ours`, and asks it. */
export function createPeer<Theirs extends Commands>(channel: Channel, ours: Commands): Peer<Theirs> {
  /** Calls without an answer yet, by number. */
  const open = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  let lastNumber = 0;

  async function answer({ number, name, given }: Message & { kind: "ask" }): Promise<void> {
    try {
      const command = ours[name];
      if (!command) throw new Error(`There is no command ${name}.`);
      channel.send?.({ kind: "result", number, result: await command(...given) } satisfies Message);
    } catch (error) {
      channel.send?.({ kind: "error", number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  }

  channel.on("message", (given) => {
    const message = given as Message;
    if (message.kind === "ask") return void answer(message);
    const waiting = open.get(message.number);
    open.delete(message.number);
    if (message.kind === "result") waiting?.resolve(message.result as never);
    else waiting?.reject(new Error(message.error));
  });
  channel.once("disconnect", () => {
    for (const { reject } of open.values()) reject(new Error("The other process has ended."));
    open.clear();
  });

  return {
    ask: (name, ...given) =>
      new Promise((resolve, reject) => {
        lastNumber += 1;
        open.set(lastNumber, { resolve, reject });
        channel.send?.({ kind: "ask", number: lastNumber, name, given });
      }),
  };
}
