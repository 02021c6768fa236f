/** The Microsoft clouds: where each signs in and where its Graph lives. Tokens of one cloud are never sent to another. */

/** Source of the hosts: Microsoft's national cloud pages (deployments; authentication-national-cloud, 2025-01). */
export const clouds = {
  global: { authorityHost: "login.microsoftonline.com", graphHost: "graph.microsoft.com" },
  usGovHigh: { authorityHost: "login.microsoftonline.us", graphHost: "graph.microsoft.us" },
  usGovDod: { authorityHost: "login.microsoftonline.us", graphHost: "dod-graph.microsoft.us" },
  china: { authorityHost: "login.partner.microsoftonline.cn", graphHost: "microsoftgraph.chinacloudapi.cn" },
} as const;

/** Which Microsoft cloud the tenant lives in; GCC is part of `global`. */
export type CloudName = keyof typeof clouds;

export interface Cloud {
  readonly authorityHost: string;
  readonly graphHost: string;
}
