/**
 * `/{tenant}/oauth2/v2.0/authorize`: the sign-in page (GET), what a person does there (POST), and the reply to the client.
 * Invariant: a code is issued only to somebody who proved who they are, and only for a request that is in order. Whoever gets through
 * has met every second factor asked for. Knows no token.
 */
import type { SimulatedCloud } from "../cloud.js";
import type { Account } from "../directory.js";
import { type Answer, type Ask, parseQuery } from "../exchange.js";
import type { Random } from "../random.js";
import { reply, replyError, staysOnPage } from "./authorize-reply.js";
import { type AuthorizeRequest, type Parameters, type ReplyAddress, readAuthorizeRequest, readReplyAddress } from "./authorize-request.js";
import type { EntraWorld } from "./grant.js";
import { html, showNotice, showPage, signInFields } from "./page.js";
import { checkAccount, checkPassword, findPerson } from "./person-check.js";
import { EntraRefusal, refusalText, type Traces } from "./refusal.js";
import { refusalRow, statusOf } from "./refusal-table.js";
import { clientInfoOf, readTokenForm } from "./token-endpoint.js";

/** What the page stands on. */
export interface AuthorizeWorld extends EntraWorld {
  readonly random: Random;
}

/** One request for the page. */
export interface AuthorizeCall {
  readonly ask: Ask;
  readonly tenant: string;
  readonly cloud: SimulatedCloud;
  readonly parameters: Parameters;
  readonly traces: Traces;
}

/** The parameters of an authorize request. */
export const readParameters = ({ query }: Ask): Parameters => new Map(parseQuery(query));

/** Answers both methods. Never throws `EntraRefusal`. */
export function answerAuthorize(call: AuthorizeCall, world: AuthorizeWorld): Answer {
  let address: ReplyAddress | undefined;
  try {
    address = readReplyAddress(call.tenant, call.cloud, call.parameters, world);
    const request = readAuthorizeRequest(call.parameters, call.cloud);
    if (call.ask.method !== "POST") return showSignIn(address, request.loginHint);
    const form = readTokenForm(call.ask);
    if (form.has("cancel")) return tell(address, new EntraRefusal(65004), call.traces, { error_subcode: "cancel" });
    const account = enter(call, form, world);
    if (!(account instanceof EntraRefusal)) return complete(address, request, account, call, world);
    return showSignIn(address, form.get("login") ?? "", `AADSTS${account.number}: ${account.message}`);
  } catch (error) {
    if (!(error instanceof EntraRefusal)) throw error;
    return address ? tell(address, error, call.traces) : showRefusal(error.number, error.message, call.traces);
  }
}

/** As the page refuses with that number: on itself, or at the client's address when the request has a good one. */
export function refuseAuthorize(number: number, call: AuthorizeCall, world: EntraWorld): Answer {
  const { text } = refusalRow(number);
  if (staysOnPage(number)) return showRefusal(number, text, call.traces);
  try {
    const address = readReplyAddress(call.tenant, call.cloud, call.parameters, world);
    return reply(address, { error: replyError(number), error_description: refusalText(number, text, call.traces) });
  } catch (error) {
    if (!(error instanceof EntraRefusal)) throw error;
    return showRefusal(number, text, call.traces);
  }
}

/** Who signs in, or why the page keeps them. */
function enter({ ask, cloud }: AuthorizeCall, form: Parameters, world: AuthorizeWorld): Account | EntraRefusal {
  try {
    const account = findPerson(ask.person ?? form.get("login") ?? "", world);
    const password = form.get("passwd");
    if (ask.person !== undefined && password === undefined) checkAccount(account);
    else checkPassword(account, password ?? "", world, cloud);
    return account;
  } catch (error) {
    if (error instanceof EntraRefusal) return error;
    throw error;
  }
}

function complete(
  address: ReplyAddress,
  request: AuthorizeRequest,
  account: Account,
  { traces }: AuthorizeCall,
  world: AuthorizeWorld,
): Answer {
  if (!account.state.assigned) return tell(address, new EntraRefusal(50105), traces);
  if (!account.state.consented) return tell(address, new EntraRefusal(90094), traces);
  const code = world.codes.issue({
    account,
    session: { way: "browser", startedAt: world.settings.now() },
    redirectUri: address.redirectUri,
    codeChallenge: request.codeChallenge,
    nonce: request.nonce,
    scope: request.scope,
    claims: request.claims,
  });
  return reply(address, {
    code,
    ...(request.clientInfo && { client_info: clientInfoOf(account, world.settings) }),
    session_state: world.random.guid(),
  });
}

function tell(address: ReplyAddress, { number, error, message }: EntraRefusal, traces: Traces, more: Record<string, string> = {}): Answer {
  return reply(address, { error: replyError(number, error), ...more, error_description: refusalText(number, message, traces) });
}

function showSignIn({ redirectUri }: ReplyAddress, login: string, alert?: string): Answer {
  // The form posts to the page's own address, so that the request stays in its query.
  return showPage(
    "Sign in",
    html`<p>to continue to the mail daemon</p>
<form method="post">
${signInFields(login, alert)}
</form>`,
    { formTarget: redirectUri },
  );
}

function showRefusal(number: number, text: string, traces: Traces): Answer {
  return showNotice("Sorry, but we are having trouble signing you in", refusalText(number, text, traces), statusOf(refusalRow(number)));
}
