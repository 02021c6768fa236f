/**
 * Plays a person in a browser: opens the sign-in page, signs in or cancels, follows the reply to the client.
 * Invariant: nothing is sent anywhere but to the simulator and to a redirect address on loopback. Knows no rule of Entra's.
 */
import { type Answer, type Ask, type Outcome, textOf } from "./exchange.js";

/** What the person does. */
export interface SignInOptions {
  password?: string;
  decline?: boolean;
}

const loopback = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Signs a person in at an authorize URL; resolves with the status at the redirect address. */
export async function signInAt(
  person: string,
  url: string,
  { password, decline = false }: SignInOptions,
  serve: (ask: Ask) => Promise<Outcome>,
): Promise<number> {
  const meant = new URL(url);
  const ask: Ask = {
    host: meant.host,
    method: "GET",
    path: meant.pathname,
    query: meant.search.slice(1),
    headers: {},
    body: "",
    person,
  };
  const page = answered(await serve(ask));
  // A request that Entra refuses is answered to the client without a person's doing.
  if (replyIn(page)) return follow(page);
  const typed = new URLSearchParams(decline ? { cancel: "1" } : { login: person, ...(password !== undefined && { passwd: password }) });
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  return follow(answered(await serve({ ...ask, method: "POST", headers, body: typed.toString() })));
}

function answered(outcome: Outcome): Answer {
  if (outcome === "dropped") throw new Error("The sign-in page broke the connection.");
  if (outcome.status < 400) return outcome;
  throw new Error(`The sign-in page refused with status ${outcome.status}: ${messageIn(outcome)}`);
}

interface Reply {
  readonly address: string;
  /** Undefined for a redirect. */
  readonly fields: URLSearchParams | undefined;
}

/** The reply to the client that an answer holds, if any. */
function replyIn(answer: Answer): Reply | undefined {
  const { headers } = answer;
  const body = textOf(answer);
  if (headers.location !== undefined) return { address: headers.location, fields: undefined };
  const address = /<form id="reply" method="post" action="([^"]*)"/.exec(body)?.[1];
  if (address === undefined) return undefined;
  const fields = new URLSearchParams();
  for (const [, name = "", value = ""] of body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g)) {
    fields.append(name, plain(value));
  }
  return { address: plain(address), fields };
}

async function follow(page: Answer): Promise<number> {
  const reply = replyIn(page);
  if (!reply) throw new Error(`The sign-in page keeps the person: ${messageIn(page)}`);
  const { address, fields } = reply;
  if (!loopback.has(new URL(address).hostname)) throw new Error(`The redirect address is not on loopback: ${address}`);
  const response = await globalThis.fetch(address, fields ? { method: "POST", body: fields, redirect: "manual" } : { redirect: "manual" });
  await response.arrayBuffer();
  return response.status;
}

const messageIn = (answer: Answer): string => plain(/AADSTS\d+[^<]*|Simulator\w+[^<"]*/.exec(textOf(answer))?.[0] ?? "no reason given");

const plain = (text: string): string => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));
