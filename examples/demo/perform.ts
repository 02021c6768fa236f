/** A run from the first line to the last, and whatever happens, everything put away again. */
import type { Interrupts } from "./interrupts.js";
import { openStage, type Stage } from "./stage.js";
import type { Telling } from "./telling.js";

/** Gives the exit code: that of the story, of a breakdown or of a signal, whichever comes first. */
export async function perform(
  narrator: Pick<Telling, "stopped" | "failed" | "close">,
  interrupts: Interrupts,
  story: (stage: Stage) => Promise<number>,
): Promise<number> {
  const stage = openStage();
  const stopped = interrupts.aborted.then((exitCode) => {
    narrator.stopped();
    return exitCode;
  });
  try {
    return await Promise.race([story(stage), stage.breakdown, stopped]);
  } catch (error) {
    narrator.failed(error);
    return 1;
  } finally {
    narrator.close();
    await stage.strike();
  }
}
