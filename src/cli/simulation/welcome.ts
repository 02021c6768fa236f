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

/** More are counted only: ten thousand lines tell nobody anything. */
const mostLines = 20;

export function welcome({ url, clientId, tenantId, seed, users, tokens }: Shown, { style }: Pick<Terminal, "style">): string {
  const width = Math.max("address".length, ...users.slice(0, mostLines).map(({ address }) => address.length));
  const row = (address: string, password: string, mails: string) => `  ${address.padEnd(width)}  ${password.padEnd(12)}  ${mails}`;
  const rest = users.length - mostLines;
  const [first] = users;
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
    "In another terminal, in an empty folder (or with this line in a configuration that you have):",
    `  m365-mail-daemon init --simulator ${url} --queue ${first?.address ?? ""}`,
    "  m365-mail-daemon sign-in",
    "  m365-mail-daemon run",
    "",
    "A mail arrives by:",
    `  m365-mail-daemon simulate deliver ${first?.address ?? ""} --subject "Hello" --url ${url}`,
  ].join("\n");
}
