/**
 * Every code with which Graph refuses a mailbox, in a running daemon: the queue's state and events, who acts, which step;
 * cursor and ledger stay as they are, and the queue goes on by itself.
 */
import { expect, test } from "vitest";
import { mailboxRefusals } from "../../src/auth/mailbox-remedies.js";
import { remedyText } from "../../src/auth/remedies.js";
import type { Remedy } from "../../src/auth/remedy.js";
import type { MailErrorCode } from "../../src/base/errors.js";
import type { Delivery, QueueState } from "../../src/index.js";
import { address, other, runningScene } from "./refusal-scene.js";

interface Outcome {
  readonly state: QueueState;
  readonly code: MailErrorCode;
  /** After which it is tried again without anybody's doing. */
  readonly againInMs: number;
}
const unavailable: Outcome = { state: "unavailable", code: "GRAPH_MAILBOX_UNAVAILABLE", againInMs: 300_000 };
const noFolder: Outcome = { ...unavailable, code: "SYNC_FOLDER_NOT_FOUND" };
const denied: Outcome = { state: "idle", code: "GRAPH_FORBIDDEN", againInMs: 2_000 };
const refusedToken: Outcome = { state: "waiting-for-sign-in", code: "AUTH_SIGN_IN_REQUIRED", againInMs: 900_000 };

const outcomes: Readonly<Record<string, Outcome>> = {
  MailboxNotEnabledForRESTAPI: unavailable,
  MailboxNotSupportedForRESTAPI: unavailable,
  ResourceNotFound: unavailable,
  ErrorInvalidUser: unavailable,
  Request_ResourceNotFound: unavailable,
  ErrorNonExistentMailbox: unavailable,
  ErrorInvalidLicense: unavailable,
  ErrorOrganizationAccessBlocked: unavailable,
  RESTAPINotEnabledForComponentSharedMailbox: unavailable,
  ErrorAccessDenied: denied,
  accessDenied: denied,
  Authorization_RequestDenied: denied,
  NoPermissionsInAccessToken: denied,
  extensionError: denied,
  InvalidAuthenticationToken: refusedToken,
  ErrorSyncFolderNotFound: noFolder,
  ErrorFolderNotFound: noFolder,
};

/** Settles what arrives, but for one message that it works on until it is stopped. */
function handler({ message, signal }: Delivery): Promise<void> | undefined {
  if (message.subject !== "long work") return undefined;
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }));
}

/** Signed in and polled, with a message settled and another under way. */
async function workingScene() {
  const scene = await runningScene(undefined, { handler });
  const { sim, delivers, until, state, store, clock } = scene;
  /** What waits for company is written. */
  const settled = () => clock.advance(100);
  await delivers(address);
  sim.user(address).mailbox.deliver({ subject: "long work" });
  await until(() => state().inFlight === 1);
  await settled();
  return { ...scene, settled, stored: () => store.list({ prefix: [address], limit: 100 }) };
}

const isFull = (code: string) => code === "ErrorQuotaExceeded" || code === "quotaLimitReached";
const refusals = mailboxRefusals.flatMap(([codes, remedy]) => codes.map((code) => [code, remedy] as const));

test("a full mailbox, which refuses delta, is told with who does what, also in the status, and its mail is delivered by listing", async () => {
  const { sim, state, of, delivers, until } = await workingScene();
  const { who, step, remedy } = (refusals.find(([code]) => isFull(code)) as readonly [string, Remedy])[1];
  const advice = { who, step, remedy: remedyText({ who, step, remedy }) };
  sim.faults.add({ name: "full", route: "delta", mailbox: address, graphCode: "ErrorQuotaExceeded" });
  await delivers(address);
  await until(() => of("queue:mode-changed").length > 0);
  expect(of("queue:mode-changed")).toMatchObject([{ folder: "inbox", mode: "listing", code: "ErrorQuotaExceeded", ...advice }]);
  await until(() => state().state === "idle");
  expect(state()).toMatchObject({ why: expect.stringContaining("ErrorQuotaExceeded"), ...advice });
});

test.each(refusals.filter(([code]) => !isFull(code)))(
  "%s is told with who does what, moves neither cursor nor ledger, and is tried again by itself",
  async (graphCode, { who, step, remedy }) => {
    const { sim, told, until, state, of, delivers, clock, stored } = await workingScene();
    const { state: expected, code, againInMs } = outcomes[graphCode] as Outcome;
    const advice = { who, step, remedy: remedyText({ who, step, remedy }) };
    const before = await stored();
    expect(before.map(({ key }) => key[1])).toEqual(expect.arrayContaining(["cursor", "final", "open"]));
    told.length = 0;
    // What a listing does instead of delta is refused as well, and so is the folder itself.
    const mend = sim.faults.add({ name: "refused", route: ["delta", "messages", "folder"], mailbox: address, graphCode });
    const id = sim.user(address).mailbox.deliver();
    await until(() => of("queue:failed").length > 0);
    expect(of("queue:failed")).toMatchObject([{ queue: address, code, serviceCode: graphCode, failures: 1, ...advice }]);
    expect(state()).toMatchObject({ state: expected, why: expect.stringContaining(`${code}: `), ...advice, inFlight: 1 });
    expect(
      of("queue:state")
        .filter(({ queue }) => queue === address)
        .at(-1),
    ).toMatchObject({ to: expected, ...advice });
    expect(of("queue:sign-in-required")).toMatchObject(code === "AUTH_SIGN_IN_REQUIRED" ? [{ serviceCode: graphCode, ...advice }] : []);
    await delivers(other);
    expect(await stored()).toEqual(before);

    mend();
    clock.freeze(againInMs);
    await until(() => of("message:marked").some((marked) => marked.id === id));
    expect(state()).not.toHaveProperty("remedy");
  },
);

test("the comparison of cursor and ledger would show a round that went on", async () => {
  const { delivers, stored, settled } = await workingScene();
  const before = await stored();
  await delivers(address);
  await settled();
  const changed = (await stored()).filter(
    ({ key, version }) => !before.some((one) => one.version === version && `${one.key}` === `${key}`),
  );
  expect(changed.map(({ key }) => key[1]).toSorted()).toEqual(["cursor", "final"]);
});
