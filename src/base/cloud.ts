/** The Microsoft clouds: where each signs in and where its Graph lives. Tokens of one cloud are never sent to another. */

/**
 * Source of the hosts: Microsoft's national cloud pages (deployments; authentication-national-cloud, 2025-01). Source of
 * what China lacks: the metadata that its Graph publishes (v1.0-Mooncake.csdl, 2026-07) has no `delta` of messages and no
 * `internetMessageHeaders`.
 */
export const clouds = {
  global: { authorityHost: "login.microsoftonline.com", graphHost: "graph.microsoft.com", hasDelta: true, hasHeaders: true },
  usGovHigh: { authorityHost: "login.microsoftonline.us", graphHost: "graph.microsoft.us", hasDelta: true, hasHeaders: true },
  usGovDod: { authorityHost: "login.microsoftonline.us", graphHost: "dod-graph.microsoft.us", hasDelta: true, hasHeaders: true },
  china: {
    authorityHost: "login.partner.microsoftonline.cn",
    graphHost: "microsoftgraph.chinacloudapi.cn",
    hasDelta: false,
    hasHeaders: false,
  },
} as const;

/** Which Microsoft cloud the tenant lives in; GCC is part of `global`. */
export type CloudName = keyof typeof clouds;

export interface Cloud {
  readonly authorityHost: string;
  readonly graphHost: string;
  /** Whether mail folders have delta rounds; else they are listed. */
  readonly hasDelta: boolean;
  /** Whether messages have internet headers; else none are fetched. */
  readonly hasHeaders: boolean;
}
