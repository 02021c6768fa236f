/**
 * What every test of the ticket service stands on: a simulated mailbox behind nock, faked timers, and a service that is signed in.
 * Invariant: after each test nock and the timers are as they were before, whether it failed or not.
 */
import { generateKey, keyRing, type MailDaemon, memoryStore } from "m365-mail-daemon";
import { createSimulator, type GraphStub, type SimulatedMailbox, stubGraph } from "m365-mail-daemon/simulator";
import nock from "nock";
import { onTestFinished, vi } from "vitest";
import { createTicketService } from "./ticket-service.js";

export const ticketApi = "https://tickets.example.com";
const address = "support@contoso.com";

export interface Stage {
  readonly stub: GraphStub;
  readonly mailbox: SimulatedMailbox;
  readonly service: MailDaemon;
  /** Lets so much time pass, in steps, each once what was asked is answered. */
  pass(seconds: number): Promise<void>;
}

export async function createStage(): Promise<Stage> {
  vi.useFakeTimers();
  nock.disableNetConnect();
  const simulator = createSimulator({ seed: 1 });
  const user = simulator.addUser({ address });
  const stub = stubGraph(nock, simulator);
  const service = createTicketService({
    app: { clientId: simulator.clientId, tenantId: simulator.tenantId },
    queues: [{ address }],
    store: memoryStore(),
    vaultKeys: keyRing([{ id: "test", key: generateKey() }]),
    ticketApi,
  });

  async function pass(seconds: number): Promise<void> {
    for (let passed = 0; passed < seconds; passed += 1) {
      await stub.idle();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    await stub.idle();
  }
  /** The same, until it is done. */
  async function through(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    const end = () => {
      isDone = true;
    };
    work.then(end, end);
    while (!isDone) await pass(1);
    await work;
  }

  onTestFinished(async () => {
    await through(service.stop());
    stub.restore();
    nock.cleanAll();
    nock.enableNetConnect();
    vi.useRealTimers();
  });
  await through(service.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() }));
  await through(service.start());
  await pass(5);
  return { stub, mailbox: user.mailbox, service, pass };
}
