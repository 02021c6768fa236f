import { describe, expect, it } from "vitest";
import { sleep } from "../../../src/base/clock.js";
import { MailError, type MailErrorCode } from "../../../src/base/errors.js";
import { isPassing, pauseMs, retrying } from "../../../src/graph/retry.js";
import { createManualClock, settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";

/** Work that fails as told, one failure after another, and then succeeds. */
function failing(...failures: unknown[]) {
  const clock = createManualClock();
  const begunAt = clock.now();
  const tries: number[] = [];
  const work = async () => {
    tries.push(clock.now() - begunAt);
    if (failures.length > 0) throw failures.shift();
    return "done";
  };
  return { clock, begunAt, tries, work, run: (signal?: AbortSignal) => retrying(work, { clock, signal }) };
}

const failure = (code: MailErrorCode, notBeforeAt?: number) => new MailError(code, "x", notBeforeAt === undefined ? {} : { notBeforeAt });
const times = (count: number, code: MailErrorCode) => Array.from({ length: count }, () => failure(code));

const passing: readonly MailErrorCode[] = ["GRAPH_UNREACHABLE", "GRAPH_TIMEOUT", "GRAPH_UNAVAILABLE", "GRAPH_THROTTLED", "GRAPH_CONFLICT"];
const lasting: readonly MailErrorCode[] = [
  "GRAPH_BAD_RESPONSE",
  "GRAPH_UNAUTHORIZED",
  "GRAPH_FORBIDDEN",
  "GRAPH_NOT_FOUND",
  "GRAPH_MAILBOX_UNAVAILABLE",
  "GRAPH_REFUSED",
  "SYNC_CURSOR_LOST",
  "SYNC_FOLDER_NOT_FOUND",
  "AUTH_SIGN_IN_REQUIRED",
  "AUTH_UNAVAILABLE",
  "AUTH_UNREACHABLE",
  "STORE_UNAVAILABLE",
  "LIFECYCLE_STOPPED",
];

describe("a failed call", () => {
  it.each(passing)("with %s is repeated, after waits that grow", async (code) => {
    const { clock, tries, run } = failing(...times(3, code));
    clock.chance = 0;
    const result = run();
    await clock.advance(60_000);
    expect(await result).toBe("done");
    expect(tries).toEqual([0, 250, 750, 1_750]);
    expect(isPassing(failure(code))).toBe(true);
  });

  it.each(passing)("with %s is given up with its own last error after four tries in all, without a further wait", async (code) => {
    const failures = times(4, code);
    const last = failures[3];
    const { clock, tries, run } = failing(...failures);
    const result = rejected(run());
    await clock.advance(60_000);
    expect(await result).toBe(last);
    expect(tries).toHaveLength(4);
    expect(clock.pending()).toBe(0);
  });

  it.each(lasting)("with %s is not repeated", async (code) => {
    const only = failure(code);
    const { clock, tries, run } = failing(only);
    await expect(run()).rejects.toBe(only);
    expect(tries).toEqual([0]);
    expect(clock.pending()).toBe(0);
    expect(isPassing(only)).toBe(false);
  });

  it("with an error that is none of ours is not repeated", async () => {
    const only = new TypeError("fetch failed");
    const { tries, run } = failing(only);
    await expect(run()).rejects.toBe(only);
    expect(tries).toEqual([0]);
    expect(isPassing(only)).toBe(false);
  });

  it.each([
    ["while a try is under way", [100_000, 79_900], [0, 100_250]],
    ["while it waits", [100_000, 79_400], [0, 100_250]],
    ["never", [100_000, 79_200], [0, 100_250, 179_950]],
  ])("is not begun again when three minutes have passed since the first try: %s", async (_, lastingMs, begun) => {
    const { clock, tries, work } = failing(...times(4, "GRAPH_TIMEOUT"));
    clock.chance = 0;
    const result = rejected(
      retrying(
        async () => {
          const trying = rejected(work());
          await sleep(clock, lastingMs[tries.length - 1] ?? 1_000);
          throw await trying;
        },
        { clock },
      ),
    );
    await clock.advance(600_000);
    expect((await result).code).toBe("GRAPH_TIMEOUT");
    expect(tries).toEqual(begun);
    expect(clock.pending()).toBe(0);
  });

  it("is repeated with what it fails with next deciding anew", async () => {
    const lastingError = failure("GRAPH_NOT_FOUND");
    const { clock, tries, run } = failing(failure("GRAPH_TIMEOUT"), lastingError);
    const result = rejected(run());
    await clock.advance(10_000);
    expect(await result).toBe(lastingError);
    expect(tries).toHaveLength(2);
  });
});

describe("a time before which nothing may be asked", () => {
  it("is never undercut by a repetition", async () => {
    const set = failing();
    const { clock, tries, begunAt } = set;
    const failures = [failure("GRAPH_THROTTLED", begunAt + 15_000), failure("GRAPH_UNAVAILABLE", begunAt + 18_000)];
    const result = retrying(
      async () => {
        await set.work();
        const next = failures.shift();
        if (next) throw next;
        return "done";
      },
      { clock },
    );
    await clock.advance(14_999);
    expect(tries).toEqual([0]);
    await clock.advance(3_000);
    expect(tries).toEqual([0, 15_000]);
    await clock.advance(1);
    expect(await result).toBe("done");
    expect(tries).toEqual([0, 15_000, 18_000]);
  });

  it("that is sooner than the back-off does not shorten it", async () => {
    const { clock, tries, run, begunAt } = failing();
    const failures = [failure("GRAPH_THROTTLED", begunAt + 1), failure("GRAPH_THROTTLED", begunAt - 1_000)];
    clock.chance = 0;
    const result = retrying(
      async () => {
        await run();
        const next = failures.shift();
        if (next) throw next;
      },
      { clock },
    );
    await clock.advance(10_000);
    await result;
    expect(tries).toEqual([0, 250, 750]);
  });

  it("that is far off ends the call at once with its error", async () => {
    const { clock, tries, begunAt } = failing();
    const far = failure("GRAPH_THROTTLED", begunAt + 15_001);
    const result = retrying(
      async () => {
        tries.push(clock.now() - begunAt);
        throw far;
      },
      { clock },
    );
    await expect(result).rejects.toBe(far);
    expect(tries).toEqual([0]);
    expect(clock.pending()).toBe(0);
  });
});

describe("an abort", () => {
  it.each([["stop"], [new Error("stop")]])("during the wait ends it with its reason %s, and nothing is repeated", async (reason) => {
    const { clock, tries, run } = failing(...times(3, "GRAPH_TIMEOUT"));
    const controller = new AbortController();
    const result = run(controller.signal);
    await settle();
    expect(clock.pending()).toBe(1);
    controller.abort(reason);
    await expect(result).rejects.toBe(reason);
    expect(tries).toEqual([0]);
    expect(clock.pending()).toBe(0);
  });

  it("during the work leaves its outcome as it is", async () => {
    const controller = new AbortController();
    const { clock } = failing();
    const work = async () => {
      controller.abort("stop");
      return "done after all";
    };
    expect(await retrying(work, { clock, signal: controller.signal })).toBe("done after all");
  });

  it("during work that then fails in passing keeps it from being repeated", async () => {
    const controller = new AbortController();
    let tries = 0;
    const { clock } = failing();
    const work = async () => {
      tries += 1;
      controller.abort("stop");
      throw failure("GRAPH_TIMEOUT");
    };
    await expect(retrying(work, { clock, signal: controller.signal })).rejects.toBe("stop");
    expect(tries).toBe(1);
  });
});

it.each<[string, unknown, number]>([
  ["a pause of Graph's", new MailError("GRAPH_THROTTLED", "", { notBeforeAt: 5_000 }), 4_000],
  ["a pause that is over", new MailError("GRAPH_THROTTLED", "", { notBeforeAt: 500 }), 0],
  ["no pause", new MailError("GRAPH_UNAVAILABLE", ""), 0],
  ["a sign-in's time, which is the token source's to keep", new MailError("AUTH_SIGN_IN_REQUIRED", "", { notBeforeAt: 5_000 }), 0],
  ["another's error", new Error("x"), 0],
  ["no error", undefined, 0],
])("%s holds Graph back for its time alone", (_, error, ms) => {
  expect(pauseMs(error, createManualClock(1_000))).toBe(ms);
});
