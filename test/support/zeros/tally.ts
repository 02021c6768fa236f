/** A reporter of one line at the end of the run: of how many requests the two zeros are told. */
import type { Reporter, TestModule } from "vitest/node";

declare module "vitest" {
  interface TaskMeta {
    /** Requests that simulators saw in the test, and those among them that their rules forbid. */
    zeros?: { readonly requests: number; readonly trespasses: number };
  }
}

export function tallyZeros(): Reporter {
  return {
    onTestRunEnd(modules) {
      const all = modules.flatMap((module: TestModule) => [...module.children.allTests()]).flatMap((test) => test.meta().zeros ?? []);
      const sum = (of: "requests" | "trespasses") => all.reduce((total, one) => total + one[of], 0).toLocaleString("en");
      console.log(
        `Simulators saw ${sum("requests")} requests of daemons: ${sum("trespasses")} before a Retry-After had passed or over four at once.`,
      );
    },
  };
}
