/** A signed-in caller for the simulator's own tests: a simulator with one user, and short ways to ask Graph. No daemon code. */
import { createSimulator, type SimulatedUser, type Simulator, type SimulatorOptions } from "../../../simulator/index.js";

export const graphOrigin = "https://graph.microsoft.com";
export const address = "support@contoso.com";
export const everyScope = "openid profile offline_access User.Read User.ReadBasic.All Mail.ReadWrite";
export const immutable = 'IdType="ImmutableId"';
/** Every habit that is decided by chance is off; partial items and the trap stay on. */
export const noChance = { emptyPages: false, replays: false, otherLinkSpelling: false };

export interface Item {
  id: string;
  subject?: string;
  isRead?: boolean;
  categories?: string[];
  "@removed"?: { reason: string };
  [property: string]: unknown;
}

export interface Reply {
  status: number;
  headers: Headers;
  // The tests look into whatever came; a wrong shape fails the test.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  body: any;
}

export interface Round {
  items: Item[];
  pages: number;
  link: string;
}

export interface Caller {
  sim: Simulator;
  user: SimulatedUser;
  token: string;
  /** Asks with the caller's token; a path is taken below /v1.0. */
  ask(pathOrUrl: string, init?: { method?: string; prefer?: string; body?: unknown; headers?: Record<string, string> }): Promise<Reply>;
  /** Walks a delta round to its deltaLink. */
  round(link?: string, prefer?: string): Promise<Round>;
  batch(...requests: object[]): Promise<Reply>;
}

export async function postToken(
  sim: Simulator,
  form: Record<string, string>,
  tenant = sim.tenantId,
  host = "login.microsoftonline.com",
): Promise<Reply> {
  const response = await sim.fetch(`https://${host}/${tenant}/oauth2/v2.0/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ client_id: sim.clientId, scope: everyScope, ...form }).toString(),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

export async function signIn(sim: Simulator, user: SimulatedUser, scope = everyScope): Promise<string> {
  const reply = await postToken(sim, { grant_type: "refresh_token", refresh_token: user.issueRefreshToken(), scope });
  return reply.body.access_token;
}

export async function readReply(response: Response): Promise<Reply> {
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? undefined : JSON.parse(text) };
}

export async function createCaller(options: SimulatorOptions = { quirks: noChance }): Promise<Caller> {
  const sim = createSimulator({ seed: 7, ...options });
  const user = sim.addUser({ address, displayName: "Support Desk", password: "right horse" });
  const token = await signIn(sim, user);
  sim.log.clear();

  const ask: Caller["ask"] = async (pathOrUrl, { method = "GET", prefer, body, headers } = {}) => {
    const all: Record<string, string> = { authorization: `Bearer ${token}`, ...headers };
    if (prefer !== undefined) all.prefer = prefer;
    if (body !== undefined) all["content-type"] ??= "application/json";
    const url = pathOrUrl.startsWith("https:") ? pathOrUrl : `${graphOrigin}/v1.0${pathOrUrl}`;
    return readReply(await sim.fetch(url, { method, headers: all, ...(body !== undefined && { body: JSON.stringify(body) }) }));
  };
  return {
    sim,
    user,
    token,
    ask,
    async round(link = "/me/mailFolders/inbox/messages/delta", prefer = `${immutable}, odata.maxpagesize=100`) {
      const items: Item[] = [];
      let next: string | undefined = link;
      let end: string | undefined;
      let pages = 0;
      while (next !== undefined) {
        const reply: Reply = await ask(next, { prefer });
        if (reply.status !== 200) throw new Error(`${reply.status} ${JSON.stringify(reply.body)}`);
        items.push(...reply.body.value);
        next = reply.body["@odata.nextLink"];
        end = reply.body["@odata.deltaLink"];
        pages += 1;
      }
      return { items, pages, link: end ?? "" };
    },
    batch: (...requests) => ask("/$batch", { method: "POST", body: { requests } }),
  };
}

/** Waits for turns of the event loop, never for time. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => void setImmediate(resolve));
}
