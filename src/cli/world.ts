/**
 * Which world a store belongs to: Microsoft's, or a simulator's. Mail and tokens of one must never meet the other.
 *
 * Invariant: nothing is read or written in a store of the other world; a store in which a daemon without this command
 * line has worked is Microsoft's.
 */
import { ConfigError } from "../base/errors.js";
import type { Key, Store } from "../state/store.js";

export type World = "microsoft" | "simulator";

const worldKey: Key = ["daemon", "world"];
const names: Record<World, string> = { microsoft: "Microsoft 365", simulator: "a simulator" };

/** The store, which opens in its own world only: `open` throws ConfigError `CONFIG_INVALID` in the other. `queues`: their addresses. */
export function storeOfWorld(store: Store, world: World, queues: readonly string[]): Store {
  async function assertOwn(): Promise<void> {
    const kept = await store.get(worldKey);
    const found = kept ? (kept.value as World) : (await isUsed(store, queues)) ? "microsoft" : undefined;
    if (found === undefined) {
      const { ok } = await store.commit({ checks: [{ key: worldKey, version: null }], puts: [{ key: worldKey, value: world }] });
      return ok ? undefined : assertOwn();
    }
    if (found === world) return;
    throw new ConfigError(
      "CONFIG_INVALID",
      `The store ${store.name} was used with ${names[found]} and the configuration names ${names[world]}: name another folder in \`store\`, or the other one in \`simulator\`.`,
    );
  }

  return {
    name: store.name,
    async open() {
      await store.open();
      try {
        await assertOwn();
      } catch (error) {
        await store.close();
        throw error;
      }
    },
    close: () => store.close(),
    get: (key) => store.get(key),
    getMany: (keys) => store.getMany(keys),
    list: (selection) => store.list(selection),
    commit: (commit) => store.commit(commit),
  };
}

/** By tokens, by a daemon that owns it or did, or by what one has kept of a queue. */
async function isUsed(store: Store, queues: readonly string[]): Promise<boolean> {
  for (const first of ["vault", "daemon", ...queues]) {
    if ((await store.list({ prefix: [first.toLowerCase()], limit: 1 })).length > 0) return true;
  }
  return false;
}
