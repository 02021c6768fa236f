/** The Graph floor over the simulator: a real door, a clock that stands still, tokens from the simulated Entra, and a note of what was sent. */
import { createSimulator, type SimulatorOptions } from "../../../simulator/index.js";
import { MailError } from "../../../src/base/errors.js";
import { createHttp, type Fetch } from "../../../src/base/http.js";
import type { Bar } from "../../../src/graph/bar.js";
import { createGraphClient, type MailboxAccess } from "../../../src/graph/client.js";
import { createGate } from "../../../src/graph/gate.js";
import type { TokenRequest } from "../../../src/graph/token.js";
import { wideGovernor } from "../../support/governance.js";
import { createManualClock, settle } from "../../support/manual-clock.js";

export const queue = "support@contoso.com";
export const graphHost = "graph.microsoft.com";
export const immutable = 'IdType="ImmutableId"';

export interface Sent {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  readonly at: number;
}

export async function setUp({ width = 4, ...options }: SimulatorOptions & { width?: number } = {}) {
  const clock = createManualClock();
  const sim = createSimulator({
    seed: 1,
    now: () => clock.now(),
    ...options,
    quirks: { emptyPages: false, replays: false, ...options.quirks },
  });
  const sent: Sent[] = [];
  const network = { fetch: sim.fetch };
  const fetch: Fetch = (input, init) => {
    sent.push({
      method: init?.method ?? "GET",
      url: String(input),
      headers: new Headers(init?.headers),
      body: String(init?.body ?? ""),
      at: clock.now(),
    });
    return network.fetch(input, init);
  };
  const http = createHttp({ service: "GRAPH", hosts: [graphHost], deadlineMs: 100_000, fetch, clock });
  const client = createGraphClient({ http, graphHost, clock });
  const governor = wideGovernor(clock);

  /** A new user's mailbox, and what belongs to it. */
  async function addMailbox(address: string) {
    const user = sim.addUser({ address });
    const bars: Bar[] = [];
    const tokens = createTokens(() => newToken(sim, user.issueRefreshToken()));
    const mailbox: MailboxAccess = {
      queue: address,
      root: "/me",
      tokens,
      gate: createGate({ clock, queue: address, width, governor, onBar: (bar) => void bars.push(bar) }),
      counter: { requests: 0, parts: 0 },
    };
    await tokens.get();
    sim.log.clear();
    return { user, mail: user.mailbox, bars, tokens, mailbox, secrets: tokens.given };
  }

  /** The outcome, however much of the clock's time it takes. */
  async function inTime<T>(work: Promise<T>): Promise<T> {
    let ended = false;
    const mark = () => {
      ended = true;
    };
    work.then(mark, mark);
    for (await settle(); !ended; ) await clock.advance(250);
    return work;
  }
  return { clock, sim, sent, network, client, addMailbox, inTime, ...(await addMailbox(queue)) };
}

async function newToken({ fetch, tenantId, clientId }: ReturnType<typeof createSimulator>, refreshToken: string): Promise<string> {
  const answer = await fetch(`https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      client_id: clientId,
      grant_type: "refresh_token",
      refresh_token: refreshToken,
      scope: "openid profile offline_access User.Read User.ReadBasic.All Mail.ReadWrite",
    }).toString(),
  });
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** A token source as the contract says: a new token for whom the current one was refused or is to answer claims, one fetch at a time. */
function createTokens(fetchToken: () => Promise<string>) {
  const given: string[] = [];
  const asked: TokenRequest[] = [];
  const refusals: { readonly claims?: string | undefined; readonly error: MailError }[] = [];
  let current: string | undefined;
  let flight: Promise<string> | undefined;

  async function fly(): Promise<string> {
    current = await fetchToken();
    given.push(current);
    flight = undefined;
    return current;
  }

  return {
    given,
    asked,
    /** What was said to be refused again. */
    refusals,
    /** Waited for before a token is given; changed by tests. */
    hold: undefined as Promise<unknown> | undefined,
    async get(request: TokenRequest = {}): Promise<string> {
      asked.push(request);
      await this.hold;
      if (current !== undefined && request.refused !== current && request.claims === undefined) return current;
      flight ??= fly();
      return flight;
    },
    async refusedAgain(refusal: (typeof refusals)[number]): Promise<MailError> {
      refusals.push(refusal);
      return new MailError("AUTH_SIGN_IN_REQUIRED", "Sign in again.", { queue });
    },
  };
}

/** What Graph asks for when a token is to answer claims, and the header that says so. */
export const claims = '{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}';
const encodedClaims = Buffer.from(claims).toString("base64");
export const challenge = `Bearer realm="", authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize, error="insufficient_claims", claims="${encodedClaims}", errorDescription="Code: TokenIssuedBeforeRevocationTimestamp"`;
/** Neither may be in an error. */
export const claimsTexts = [claims, encodedClaims];
