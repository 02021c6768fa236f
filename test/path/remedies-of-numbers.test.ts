/** Every AADSTS number of the table refuses a renewal in a running daemon: state, events, who acts, which step, and the way back. */
import { expect, test } from "vitest";
import { knownRefusals, type Remedy, remedyText } from "../../src/auth/remedies.js";
import { address, other, runningScene } from "./refusal-scene.js";

const rows = [...knownRefusals()];
const ofClass = (wanted: Remedy["class"]) => rows.filter(([, remedy]) => remedy.class === wanted);
const advice = ({ who, step, remedy }: Remedy) => ({ who, step, remedy: remedyText({ who, step, remedy }) });

test.each(ofClass("person"))(
  "AADSTS%i stops its queue alone, says once who does what, and the next sign-in brings the queue back",
  async (number, remedy) => {
    const { refuse, endTokens, until, state, of, told, delivers, signIn, goesOn } = await runningScene();
    const mend = refuse({ aadsts: number });
    endTokens();
    await until(() => state().state === "waiting-for-sign-in");
    const reason = `Entra refused: ${remedy.cause} (AADSTS${number}).`;
    const why = `AUTH_SIGN_IN_REQUIRED: ${reason}`;
    expect(state()).toMatchObject({ why, ...advice(remedy) });
    await delivers(other);
    expect(of("queue:state").filter(({ to }) => to === "waiting-for-sign-in")).toEqual([
      { name: "queue:state", queue: address, from: "polling", to: "waiting-for-sign-in", why, ...advice(remedy) },
    ]);

    mend();
    await signIn();
    await goesOn();
    expect(state()).not.toHaveProperty("remedy");
    expect(of("queue:sign-in-required")).toEqual([
      {
        name: "queue:sign-in-required",
        queue: address,
        account: address,
        code: "AUTH_SIGN_IN_REQUIRED",
        serviceCode: `AADSTS${number}`,
        reason,
        diagnosis: expect.stringMatching(/^Entra.s answer: status \d{3}, .*trace_id/),
        ...advice(remedy),
      },
    ]);
    expect(told.filter((event) => event.name === "queue:failed").map(({ queue }) => queue)).toEqual([address]);
    expect(of("app:refused")).toEqual([]);
  },
);

test.each(ofClass("application"))("AADSTS%i is one alarm for all queues, and they go on when it has ended", async (number, remedy) => {
  const { refuse, endTokens, until, state, of, goesOn, clock } = await runningScene();
  const mend = refuse({ aadsts: number }, "everybody");
  endTokens();
  await until(() => [address, other].every((queue) => state(queue).state === "waiting-for-sign-in"));
  const reason = `Entra refused: ${remedy.cause} (AADSTS${number}).`;
  for (const queue of [address, other]) expect(state(queue)).toMatchObject({ why: `AUTH_APP_REFUSED: ${reason}`, ...advice(remedy) });
  expect(of("app:accepted")).toEqual([]);

  mend();
  clock.freeze(60_000);
  await Promise.all([goesOn(address), goesOn(other)]);
  expect(of("app:refused")).toEqual([
    {
      name: "app:refused",
      account: expect.stringMatching(/^(support|sales)@contoso\.com$/),
      code: "AUTH_APP_REFUSED",
      serviceCode: `AADSTS${number}`,
      reason,
      diagnosis: expect.stringMatching(/^Entra.s answer: status \d{3}, .*trace_id/),
      ...advice(remedy),
    },
  ]);
  expect(of("app:accepted")).toHaveLength(1);
  expect(of("queue:sign-in-required")).toEqual([]);
});

test.each(ofClass("transient"))(
  "AADSTS%i parks nothing: it is tried again, more and more slowly, until it has passed",
  async (number, remedy) => {
    const { refuse, endTokens, until, state, of, goesOn, delivers, sim } = await runningScene();
    const mend = refuse({ aadsts: number });
    sim.log.clear();
    endTokens();
    await until(() => of("queue:failed").length === 1);
    expect(state()).toMatchObject({ state: "idle", ...advice(remedy) });
    await delivers(other);
    await until(() => of("queue:failed").length === 3);
    const failures = of("queue:failed");
    for (const failure of failures) {
      expect(failure).toMatchObject({ queue: address, code: "AUTH_UNAVAILABLE", serviceCode: `AADSTS${number}`, ...advice(remedy) });
    }
    const waits = failures.map(({ nextInMs }) => nextInMs);
    expect(waits).toEqual(waits.toSorted((one, next) => one - next));
    // Each failure was one request, and none came in between.
    expect(sim.log.count({ route: "token", mailbox: address })).toBe(3);

    mend();
    await goesOn();
    expect(of("queue:state").map(({ to }) => to)).not.toContain("waiting-for-sign-in");
    expect([...of("queue:sign-in-required"), ...of("app:refused")]).toEqual([]);
  },
);
