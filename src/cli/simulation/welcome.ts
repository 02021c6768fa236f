/** What `simulate` prints for a person: where it is, who is there, what to do next. */
import type { Terminal } from "../terminal.js";

export interface ShownUser {
  readonly address: string;
  /** A simulated one, worth nothing. */
  readonly password: string;
  readonly mails: number;
}

export interface Shown {
  readonly url: string;
  readonly clientId: string;
  readonly tenantId: string;
  readonly seed: number;
  readonly users: readonly ShownUser[];
  readonly tokens?: string;
}

/** What it says to do next. */
function nextSteps(url: string, address: string, configured: string | undefined): string[] {
  if (configured !== undefined && new URL(configured).origin === url)
    return ["The configuration in this folder names it. In another terminal:"];
  return ["In another terminal, in an empty folder:", `  m365-mail-daemon init --simulator ${url} --queue ${address}`];
}

/** More are counted only: ten thousand lines tell nobody anything. */
const mostLines = 20;

/** `configured`: where a configuration in the folder says that it is. */
export function welcome(shown: Shown, configured: string | undefined, { style }: Pick<Terminal, "style">): string {
  const { url, clientId, tenantId, seed, users, tokens } = shown;
  const width = Math.max("address".length, ...users.slice(0, mostLines).map(({ address }) => address.length));
  const row = (address: string, password: string, mails: string) => `  ${address.padEnd(width)}  ${password.padEnd(12)}  ${mails}`;
  const rest = users.length - mostLines;
  const address = users[0]?.address ?? "";
  return [
    `${style("green", "A simulator of Microsoft 365 listens at")} ${style("bold", url)} (seed ${seed}); Ctrl-C ends it.`,
    "",
    `  client id  ${clientId}`,
    `  tenant id  ${tenantId}`,
    "",
    style("dim", row("address", "password", "mails")),
    ...users.slice(0, mostLines).map(({ address, password, mails }) => row(address, password, String(mails))),
    ...(rest > 0 ? [`  and ${rest} more`] : []),
    ...(tokens === undefined ? [] : ["", `A refresh token for each: ${tokens}`]),
    "",
    ...nextSteps(url, address, configured),
    "  m365-mail-daemon sign-in",
    "  m365-mail-daemon run",
    "",
    "A mail arrives by:",
    `  m365-mail-daemon simulate deliver ${address} --subject "Hello" --url ${url}`,
  ].join("\n");
}
