/** What is told apart where Entra's number is not known: by OAuth error and suberror. Such a refusal parks nothing for good. */
import { expect, test } from "vitest";
import { knownErrors, knownRefusals, type Remedy, remedyFor, remedyText } from "../../src/auth/remedies.js";
import { address, other, runningScene } from "./refusal-scene.js";

const hourMs = 3_600_000;
const advice = ({ who, step, remedy }: Remedy) => ({ who, step, remedy: remedyText({ who, step, remedy }) });

/** The body with which Entra says it; a suberror refines an error that means a person. */
function bodyOf(name: string): Record<string, string> {
  const [, suberror] = /^suberror (.+)$/.exec(name) ?? [];
  return suberror === undefined ? { error: name } : { error: "invalid_grant", suberror };
}

const rows = [...knownErrors()].map(([name, remedy]) => {
  const body = bodyOf(name);
  const known = remedyFor(body.error ?? "", [], body.suberror)?.known;
  return { name, remedy, body, known };
});
const named = (wanted: (row: (typeof rows)[number]) => boolean) => rows.filter(wanted).map((row) => [row.name, row] as const);

test.each(named(({ remedy, known }) => remedy.class === "person" && known === false))(
  "%s asks for a sign-in, and is tried again by itself after an hour",
  async (_, { remedy, body }) => {
    const { refuse, endTokens, until, state, of, delivers, goesOn, clock } = await runningScene();
    const mend = refuse({ status: 400, body });
    endTokens();
    await until(() => state().state === "waiting-for-sign-in");
    expect(state()).toMatchObject(advice(remedy));
    await delivers(other);
    expect(of("queue:sign-in-required")).toMatchObject([
      { queue: address, code: "AUTH_SIGN_IN_REQUIRED", reason: expect.stringContaining(remedy.cause), ...advice(remedy) },
    ]);
    mend();
    clock.freeze(hourMs);
    await goesOn();
    expect(state()).not.toHaveProperty("remedy");
  },
);

test.each(named(({ remedy, known }) => remedy.class === "person" && known === true))(
  "%s, which means one thing only, waits for the next sign-in",
  async (_, { remedy, body }) => {
    const { refuse, endTokens, until, state, of, delivers, signIn, goesOn, clock, sim } = await runningScene();
    const mend = refuse({ status: 400, body });
    endTokens();
    await until(() => state().state === "waiting-for-sign-in");
    expect(state()).toMatchObject(advice(remedy));
    mend();
    const asked = sim.log.count({ route: "token", mailbox: address });
    clock.freeze(2 * hourMs);
    await delivers(other);
    expect(sim.log.count({ route: "token", mailbox: address })).toBe(asked);
    expect(of("queue:sign-in-required")).toMatchObject([{ queue: address, code: "AUTH_SIGN_IN_REQUIRED", ...advice(remedy) }]);
    await signIn();
    await goesOn();
  },
);

test.each(named(({ remedy }) => remedy.class === "application"))("%s is one alarm for all queues", async (_, { remedy, body }) => {
  const { refuse, endTokens, until, state, of, goesOn, clock } = await runningScene();
  const mend = refuse({ status: body.error === "invalid_client" ? 401 : 400, body }, "everybody");
  endTokens();
  await until(() => [address, other].every((queue) => state(queue).state === "waiting-for-sign-in"));
  expect(state()).toMatchObject(advice(remedy));
  mend();
  clock.freeze(60_000);
  await Promise.all([goesOn(address), goesOn(other)]);
  expect(of("app:refused")).toMatchObject([{ code: "AUTH_APP_REFUSED", ...advice(remedy) }]);
  expect(of("app:accepted")).toHaveLength(1);
  expect(of("queue:sign-in-required")).toEqual([]);
});

test.each([
  ...named(({ remedy }) => remedy.class === "transient").map(
    ([name, { remedy, body }]) => [name, { status: 400, body }, advice(remedy)] as const,
  ),
  ["a 429 without a body", { status: 429, body: "" }, advice(knownRefusals().get(90033) as Remedy)],
  ["a 503 without a body", { status: 503, body: "" }, advice(knownRefusals().get(90033) as Remedy)],
  ["a page of a proxy", { status: 403, body: "<html>" }, { who: "developer", step: "troubleshooting" }],
  ["an error that nobody knows", { status: 400, body: { error: "who_knows" } }, { who: "developer", step: "troubleshooting" }],
] as const)("%s parks nothing, and is tried again by itself", async (_, fault, expected) => {
  const { refuse, endTokens, until, state, of, goesOn, delivers } = await runningScene();
  const mend = refuse(fault);
  endTokens();
  await until(() => of("queue:failed").length === 2);
  expect(state()).toMatchObject({ state: "idle", ...expected });
  await delivers(other);
  mend();
  await goesOn();
  expect(of("queue:state").map(({ to }) => to)).not.toContain("waiting-for-sign-in");
  expect([...of("queue:sign-in-required"), ...of("app:refused")]).toEqual([]);
});

test("a number that nobody knows asks for a sign-in, and is tried again by itself after an hour", async () => {
  const { refuse, endTokens, until, state, of, goesOn, clock } = await runningScene();
  const mend = refuse({ aadsts: 1_234_567 });
  endTokens();
  await until(() => state().state === "waiting-for-sign-in");
  mend();
  clock.freeze(hourMs);
  await goesOn();
  expect(of("queue:sign-in-required")).toMatchObject([{ serviceCode: "AADSTS1234567", who: "user", step: "sign-in" }]);
});

const administrators = [...knownRefusals()].filter(([, { class: kind, who }]) => kind === "person" && who === "administrator");

test("what an administrator has mended is found within the hour, for every number that leaves the sign-in alive", async () => {
  const queues = administrators.map(([number]) => `queue-${number}@contoso.com`);
  const scene = await runningScene(queues);
  const { refuse, endTokens, until, state, of, clock, done, daemon } = scene;
  const mends = administrators.map(([number], index) => refuse({ aadsts: number, mailbox: queues[index] as string }));
  endTokens();
  await until(() => queues.every((queue) => state(queue).state === "waiting-for-sign-in"));
  for (const mend of mends) mend();
  clock.freeze(hourMs);
  await clock.advance(10_000);
  const waiting = queues.filter((queue) => state(queue).state === "waiting-for-sign-in");
  // These void the refresh token, whatever the administrator does.
  expect(waiting).toEqual([70043, 70046].map((number) => `queue-${number}@contoso.com`));
  for (const queue of queues) if (!waiting.includes(queue)) await done(daemon.pollNow(queue));
  expect(of("queue:sign-in-required")).toHaveLength(queues.length);
});
