/**
 * The front that all stores share: it checks and encodes what callers ask, counts openings, gathers commits, and
 * leaves the bytes to an engine. It knows no engine.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { Engine, Stored } from "./engine.js";
import { createGatherer } from "./gather.js";
import { decodeKey, encodeKey } from "./key.js";
import { createLifetime } from "./lifetime.js";
import { type PreparedCommit, prepareCommit, prepareSelection } from "./request.js";
import type { CommitResult, Entry, Key, Store } from "./store.js";
import { decodeValue } from "./value.js";

/** Makes a `Store` of an engine. */
export function createStore(engine: Engine, clock: Clock): Store {
  const gatherer = createGatherer<PreparedCommit, CommitResult | MailError>({ clock, write: (take) => engine.write(take) });
  const lifetime = createLifetime({
    name: engine.name,
    open: () => engine.open(),
    async close() {
      await gatherer.drain();
      await engine.close();
    },
  });

  async function getMany(keys: readonly Key[]): Promise<(Entry | undefined)[]> {
    lifetime.assertOpen();
    const found = await engine.get(keys.map(encodeKey));
    return found.map((stored, at) => stored && entry([...(keys[at] as Key)], stored));
  }

  return {
    name: engine.name,
    open: lifetime.open,
    close: lifetime.close,
    getMany,
    async get(key) {
      const [found] = await getMany([key]);
      return found;
    },
    async list(selection) {
      lifetime.assertOpen();
      const found = await engine.list(prepareSelection(selection));
      return found.map((stored) => entry(decodeKey(stored.bytes), stored));
    },
    commit(commit) {
      try {
        lifetime.assertOpen();
        const prepared = prepareCommit(commit);
        return gatherer.add(prepared, prepared.withinMs).then(orThrown);
      } catch (error) {
        return Promise.reject(error as Error);
      }
    },
  };
}

function orThrown(result: CommitResult | MailError): CommitResult {
  if (result instanceof MailError) throw result;
  return result;
}

function entry(key: Key, { json, version }: Stored): Entry {
  return { key, value: decodeValue(json), version };
}
