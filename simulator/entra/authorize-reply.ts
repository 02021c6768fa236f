/**
 * Sends the outcome of a sign-in to the client's redirect address: as a form that posts itself, or as a redirect.
 * Invariant: the state goes back unchanged with every reply, good or bad. Knows no account.
 * Source: entra-docs v2-oauth2-auth-code-flow (replies), OAuth 2.0 Form Post Response Mode.
 */
import type { Answer } from "../exchange.js";
import type { ReplyAddress } from "./authorize-request.js";
import { html, showPage } from "./page.js";
import { refusalRow } from "./refusal-table.js";

/** The fields of a reply in the order in which they are sent. */
export type ReplyFields = Readonly<Record<string, string>>;

/** Replies. */
export function reply({ redirectUri, mode, state }: ReplyAddress, fields: ReplyFields): Answer {
  const all = { ...fields, ...(state !== undefined && { state }) };
  if (mode === "query") {
    const location = new URL(redirectUri);
    for (const [name, value] of Object.entries(all)) location.searchParams.append(name, value);
    return { status: 302, headers: { location: location.href }, body: "" };
  }
  const inputs = Object.entries(all).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">\n`);
  return showPage(
    "Working on it",
    html`<p>You are being taken back to the application.</p>
<form id="reply" method="post" action="${redirectUri}">
${inputs}<noscript><p>Scripts are off in this browser: please continue by hand.</p><div class="buttons"><button class="deed" type="submit">Continue</button></div></noscript>
</form>`,
    { formTarget: redirectUri, script: 'document.getElementById("reply").submit();' },
  );
}

/** Whether a refusal is shown on Entra's page instead of being told to the client: the request itself cannot be trusted. */
export const staysOnPage = (number: number): boolean =>
  ["invalid_request", "invalid_client", "unauthorized_client"].includes(refusalRow(number).error) && number !== 9002325;

/** The error as a client is told at its redirect address; a person's trouble is `access_denied` there. */
export function replyError(number: number, error = refusalRow(number).error): string {
  return error === "invalid_grant" ? "access_denied" : error;
}
