/** Several daemons of one process that share a queue by turns, on a simulator and a clock of the test's. */
import { onTestFinished } from "vitest";
import { sleep } from "../../src/base/clock.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import { type MailDaemonOptions, memoryStore } from "../../src/index.js";
import type { Store } from "../../src/state/store.js";
import { address, hostOptions, simulatorWith } from "./host.js";
import { createManualClock } from "./manual-clock.js";
import { stepping } from "./stepping.js";
import { createTurnsAround } from "./turns-around.js";

interface Surroundings {
  /** Milliseconds of the clock that a request to this URL takes. Default: none. */
  readonly slowMs?: (url: string, body: string) => number;
  /** A request goes out once this has resolved; time goes on meanwhile. */
  readonly held?: (url: string) => Promise<unknown> | undefined;
  /** What is in the mailbox before the start. */
  readonly prepare?: (sim: ReturnType<typeof simulatorWith>) => void;
  readonly cloud?: "china";
}

/** Daemons that share one queue; each message is noted with the daemon that got it. */
export async function several(count: number, options: Partial<MailDaemonOptions> = {}, surroundings: Surroundings = {}) {
  const { slowMs, held, prepare, cloud } = surroundings;
  let underWay = 0;
  const clock = createManualClock(Date.now(), () => underWay > 0);
  const sim = simulatorWith([address], { now: () => clock.now() });
  prepare?.(sim);
  // What is there was not received in the second of the first look.
  if (prepare) await clock.advance(5_000);
  const store: Store = Object.assign(Object.create(memoryStore()), { name: "shared" });
  const fetch: typeof globalThis.fetch = async (input, init) => {
    await held?.(String(input));
    const ms = slowMs ? slowMs(String(input), await textOf(init?.body)) : 0;
    if (ms > 0) await sleep(clock, ms, init?.signal ?? undefined);
    underWay += 1;
    return sim.fetch(input, init).finally(() => {
      underWay -= 1;
    });
  };
  const handed: { daemon: number; id: string }[] = [];
  const around = createTurnsAround(clock);
  const common = hostOptions(sim, {
    store,
    fetch,
    ...(cloud ? { app: { clientId: sim.clientId, tenantId: sim.tenantId, cloud } } : {}),
    ...options,
  });
  const members = Array.from({ length: count }, () => around.member());
  const daemons = members.map((scheduler, index) =>
    createDaemon(
      {
        ...common,
        scheduler,
        handler: (delivery) => {
          handed.push({ daemon: index, id: delivery.message.id });
          return options.handler?.(delivery);
        },
      },
      clock,
    ),
  );
  const done = <T>(work: Promise<T>) => stepping(work, () => clock.advance(20));
  onTestFinished(async () => {
    await done(Promise.all(daemons.map((daemon) => daemon.stop({ deadlineMs: 0 }))));
  });
  const [first] = daemons as [(typeof daemons)[number]];
  await done(first.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() }));
  await done(Promise.all(daemons.map((daemon) => daemon.start())));
  const until = async (condition: () => boolean) => {
    while (!condition()) await clock.advance(20);
  };
  /** Whether it comes true within that time. */
  const within = async (ms: number, condition: () => boolean) => {
    for (let passed = 0; passed < ms && !condition(); passed += 20) await clock.advance(20);
    return condition();
  };
  return { clock, sim, store, daemons, first, members, handed, done, until, within };
}

function textOf(body: RequestInit["body"]): Promise<string> {
  return new Response(body ?? "").text();
}
