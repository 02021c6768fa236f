/**
 * Graph and Entra for tests that stub the network with nock: interceptors for the real host names of all clouds, answered by a simulator.
 * Invariants: whatever these hosts are asked is answered by the simulator, or left to interceptors of the test's own; nothing is held back by
 * faked timers; after `restore` nock is as it was before. Knows no route.
 */
import { Readable } from "node:stream";
import type { ReadableStream as WebStream } from "node:stream/web";
import { simulatedClouds } from "../cloud.js";
import { nextTurn } from "../exchange.js";
import type { Simulator } from "../simulator.js";
import { type Expectation, type Expected, type KeptExpectation, keepExpectation } from "./expectation.js";
import type { NockLike, NockReply } from "./nock-contract.js";
import { watchStrangers } from "./strangers.js";

/** A request to Graph or Entra, before it is answered. */
export interface StubbedRequest {
  readonly method: string;
  /** As `graph.microsoft.com`. */
  readonly host: string;
  /** With its query, as sent. */
  readonly path: string;
}

/** Options of `stubGraph`. */
export interface StubOptions {
  /**
   * Which requests the stub leaves to interceptors of your own, as one for `POST /v1.0/me/sendMail`, which the simulator does not know. What
   * they do not answer is refused by nock. Default: none.
   */
  leave?: (request: StubbedRequest) => boolean;
  /** Further hosts, without port, that may be asked without an interceptor. Default: this machine only (`localhost`, `127.0.0.1`, `::1`). */
  allowHosts?: readonly string[];
}

/** Graph and Entra, stubbed. */
export interface GraphStub {
  /**
   * Expects requests from now on, and lets some fail on purpose. Not counted over a `log.clear()` of the simulator's.
   * Throws a `TypeError` for an impossible number.
   */
  expect(expectation: Expectation): Expected;
  /**
   * Resolves when all that was asked is answered, but for what a fault delays, and nothing more has been for some turns of the event loop;
   * under faked timers too.
   */
  idle(): Promise<void>;
  /**
   * Throws an `Error` that lists what is not as it should be: expectations that were not met or exceeded, hosts that were asked without an
   * interceptor, and requests that the simulator does not know.
   */
  done(): void;
  /**
   * Ends the stub: its interceptors, its planted failures, and what has no answer yet. Harmless a second time. Other interceptors stay; while
   * there are any, nock goes on refusing these hosts until `nock.cleanAll()`.
   */
  restore(): void;
}

const methods = ["GET", "POST", "PATCH", "PUT", "DELETE"];
const hosts = simulatedClouds.flatMap(({ authorities, graphs }) => [...authorities, ...graphs]);
/** More than a request needs from its beginning until it is here, and from the end of its answer until that was read. */
const quietTurns = 20;
/** More than a batch of twenty needs: what has no answer by then waits for a fault's delay, and so for a timer that may be faked. */
const delayedTurns = 500;

/** Each nock that is stubbed now. */
const stubbed = new WeakSet<NockLike>();

/**
 * Answers what is sent to the real host names of Graph and Entra by the simulator, through the nock that is handed in (nock 14).
 * Throws an `Error` where that nock is stubbed already, and under `NOCK_OFF`, where everything would reach Microsoft.
 * @example
 * const stub = stubGraph(nock, simulator);
 * const marked = stub.expect({ route: "mark", times: 1 });
 * // … the code under test …
 * stub.done();
 * stub.restore();
 */
export function stubGraph(nock: NockLike, simulator: Simulator, { leave, allowHosts = [] }: StubOptions = {}): GraphStub {
  if (process.env.NOCK_OFF === "true") throw new Error("NOCK_OFF is set: requests would reach Microsoft instead of the simulator.");
  if (stubbed.has(nock)) throw new Error("This nock is stubbed already: call restore() of the stub before.");
  const wasActive = nock.isActive();
  if (!wasActive) nock.activate();
  stubbed.add(nock);
  const firstNumber = (simulator.log.entries().at(-1)?.number ?? 0) + 1;
  const strangers = watchStrangers(nock, { stubbed: hosts, allowed: allowHosts });
  const expected: KeptExpectation[] = [];
  /** One for each request that has no answer yet. */
  const asking = new Set<AbortController>();
  /** Answers that nock has not taken whole; it begins after two timers of its own, which are real ones. */
  const giving = new Set<Readable>();
  /** Counts requests that began, were answered, or ended. */
  let steps = 0;

  function replyFor(host: string, method: string): NockReply {
    return async function reply(path, body) {
      const ended = new AbortController();
      asking.add(ended);
      steps += 1;
      try {
        const text = typeof body === "string" ? body : JSON.stringify(body);
        const response = await simulator.fetch(`https://${host}${path}`, {
          method,
          headers: headersOf(this.req.headers),
          signal: ended.signal,
          ...(text === "" ? {} : { body: text }),
        });
        const bytes = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body as WebStream);
        giving.add(bytes);
        bytes.once("close", () => {
          giving.delete(bytes);
          steps += 1;
        });
        return [response.status, bytes, Object.fromEntries(response.headers)];
      } finally {
        asking.delete(ended);
        steps += 1;
      }
    };
  }

  const interceptors = hosts.flatMap((host) => {
    const scope = nock(`https://${host}`).persist();
    return methods.map((method) => {
      const interceptor = scope.intercept((path) => !leave?.({ method, host, path }), method);
      interceptor.reply(replyFor(host, method));
      return interceptor;
    });
  });

  /** What the simulator refused loudly, because it does not know it. */
  function unknown(): string[] {
    const entries = simulator.log.entries().filter(({ number, code }) => number >= firstNumber && code?.startsWith("Simulator"));
    return entries.map(({ method, path, code }) => `the simulator does not know ${method} ${path.split("?")[0]} (${code})`);
  }

  return {
    expect(expectation) {
      const kept = keepExpectation(simulator, expectation);
      expected.push(kept);
      return kept;
    },
    async idle() {
      let seen = steps;
      for (let quiet = 0; quiet < (asking.size === 0 ? quietTurns : delayedTurns); quiet += 1) {
        await nextTurn();
        if (giving.size > 0 || steps !== seen) quiet = 0;
        seen = steps;
      }
    },
    done() {
      const complaints = [...expected.flatMap((one) => one.complaint() ?? []), ...strangers.complaints(), ...unknown()];
      if (complaints.length > 0) throw new Error(`Graph was not asked as expected:\n${complaints.map((one) => `- ${one}`).join("\n")}`);
    },
    restore() {
      if (!stubbed.delete(nock)) return;
      strangers.end();
      for (const one of expected) one.end();
      for (const interceptor of interceptors) nock.removeInterceptor(interceptor as never);
      // A delay that nobody will wait for any more must not stay behind as a timer.
      for (const ended of asking) ended.abort(new Error("The stub of Graph was restored."));
      // Nock refuses a host that it once had interceptors for, until it is told to forget all.
      if (nock.activeMocks().length === 0) nock.cleanAll();
      if (!wasActive) nock.restore();
    },
  };
}

function headersOf(given: Readonly<Record<string, unknown>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) headers.set(name, [value].flat().join(", "));
  return headers;
}
