/** A reporter at the end of the run: of how many requests the two zeros are told, in one line, and of each trespass where it was. */
import type { Reporter, TestCase, TestModule } from "vitest/node";

declare module "vitest" {
  interface TaskMeta {
    /** Requests that simulators saw in the test, and what their rules forbid of them, in words; of a test that failed as well. */
    zeros?: { readonly requests: number; readonly trespasses: readonly string[] };
  }
}

export function tallyZeros(): Reporter {
  return {
    onTestRunEnd(modules) {
      const tests = modules.flatMap((module: TestModule) => [...module.children.allTests()]);
      for (const line of zerosOf(tests)) console.log(line);
    },
  };
}

/** The lines of the tally. */
export function zerosOf(tests: readonly Pick<TestCase, "meta" | "fullName" | "module">[]): readonly string[] {
  const requests = tests.reduce((sum, test) => sum + (test.meta().zeros?.requests ?? 0), 0);
  const trespasses = tests.flatMap((test) =>
    (test.meta().zeros?.trespasses ?? []).map((trespass) => `  ${test.module.relativeModuleId} > ${test.fullName}: ${trespass}`),
  );
  const counted = [requests, trespasses.length].map((count) => count.toLocaleString("en"));
  return [
    `Simulators saw ${counted[0]} requests of daemons: ${counted[1]} before a Retry-After had passed or over four at once.`,
    ...trespasses,
  ];
}
