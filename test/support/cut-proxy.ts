/** A TCP proxy on loopback that loses what passes it: connections are cut, or one direction goes silent. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export interface CutProxy {
  readonly port: number;
  /** Ends every connection at once; new ones pass. */
  cut(): void;
  /** From now on what goes that way is lost, on standing and on new connections. Resolves once something was. */
  lose(direction: "requests" | "answers"): Promise<void>;
  /** Nothing is lost any more; where something was, the connections are cut, as they are of no use. */
  pass(): void;
  /** Connections made so far. */
  readonly connections: number;
  stop(): Promise<void>;
}

export async function startCutProxy(targetPort: number): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  let losing: { readonly direction: "requests" | "answers"; readonly onLost: () => void } | undefined;
  let hasLost = false;
  let connections = 0;

  function cut(): void {
    for (const socket of sockets) socket.destroy();
  }

  function carry(from: Socket, to: Socket, direction: "requests" | "answers"): void {
    sockets.add(from);
    from.on("data", (data) => {
      if (losing?.direction === direction) {
        hasLost = true;
        losing.onLost();
      } else to.write(data);
    });
    // Its close follows.
    from.on("error", () => undefined);
    from.on("close", () => {
      sockets.delete(from);
      to.destroy();
    });
  }

  const server = createServer((client) => {
    connections += 1;
    const target = connect(targetPort, "127.0.0.1");
    carry(client, target, "requests");
    carry(target, client, "answers");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");

  return {
    port: (server.address() as AddressInfo).port,
    cut,
    lose: (direction) =>
      new Promise((resolve) => {
        losing = { direction, onLost: resolve };
      }),
    pass() {
      losing = undefined;
      if (hasLost) cut();
      hasLost = false;
    },
    get connections() {
      return connections;
    },
    async stop() {
      cut();
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}
