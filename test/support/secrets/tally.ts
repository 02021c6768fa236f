/** A reporter of one line at the end of the run: how much was searched for how many secrets, so that silence means searched. */
import type { Reporter, TestModule } from "vitest/node";
import type { SearchCounts } from "./showings.js";

declare module "vitest" {
  interface TaskMeta {
    /** What was searched in the test. */
    searched?: SearchCounts;
  }
}

export function tallySearches(): Reporter {
  return {
    onTestRunEnd(modules) {
      const tests = modules.flatMap((module: TestModule) => [...module.children.allTests()]);
      const total = (name: keyof SearchCounts) =>
        tests.reduce((sum, test) => sum + (test.meta().searched?.[name] ?? 0), 0).toLocaleString("en");
      console.log(
        `Searched for ${total("secrets")} secrets: ${total("events")} events, ${total("errors")} errors, ${total("prints")} prints, ${total("objects")} objects.`,
      );
    },
  };
}
