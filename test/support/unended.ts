/** A reporter that names the files under way when the run is ended from outside: one whose thread never comes back has no time-out of its own. */
import type { Reporter, TestModule } from "vitest/node";

export function nameUnended(): Reporter {
  const underWay = new Set<TestModule>();
  return {
    onInit() {
      process.once("SIGTERM", () => {
        for (const { relativeModuleId } of underWay) console.log(`The run was ended while ${relativeModuleId} was under way.`);
        process.exit(1);
      });
    },
    onTestModuleStart: (module) => void underWay.add(module),
    onTestModuleEnd: (module) => void underWay.delete(module),
  };
}
