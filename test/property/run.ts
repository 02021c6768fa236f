/** Runs one script from beginning to rest; fails with every promise that was broken. PROPERTY_STORY=1 prints how it came. */
import type { Store } from "../../src/state/store.js";
import { perform } from "./perform.js";
import type { Script } from "./script.js";
import { settleAll } from "./verdict.js";
import { createWorld } from "./world.js";

/** How often each thing worth having happened. */
export type Seen = ReadonlyMap<string, number>;

export async function runScript(script: Script, plant?: (store: Store) => Store): Promise<Seen> {
  const world = await createWorld(script, plant);
  try {
    for (const command of script.before) await perform(world, command);
    for (const command of script.commands) {
      world.witness.happened("script:", command);
      await perform(world, command);
      await world.pass(0);
    }
    await settleAll(world);
    world.witness.assertKept();
    return world.witness.seen;
  } catch (error) {
    if (process.env.PROPERTY_STORY) console.log(world.witness.story().join("\n"));
    throw error;
  } finally {
    world.close();
  }
}
