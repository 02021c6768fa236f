/** The Microsoft clouds: where each signs in and where its Graph lives. Tokens of one cloud are never sent to another. */

/**
 * Source of the hosts: Microsoft's national cloud pages (deployments; authentication-national-cloud, 2025-01). Source of
 * what China lacks: the metadata that its Graph publishes (v1.0-Mooncake.csdl, 2026-07) has no `delta` of messages, no
 * `internetMessageHeaders` and no `flag`. `permanentDelete` is in the global cloud alone (api/message-permanentdelete, 2025-01).
 */
export const clouds = {
  global: {
    authorityHost: "login.microsoftonline.com",
    graphHost: "graph.microsoft.com",
    hasDelta: true,
    hasHeaders: true,
    hasFlag: true,
    hasPermanentDelete: true,
  },
  usGovHigh: {
    authorityHost: "login.microsoftonline.us",
    graphHost: "graph.microsoft.us",
    hasDelta: true,
    hasHeaders: true,
    hasFlag: true,
    hasPermanentDelete: false,
  },
  usGovDod: {
    authorityHost: "login.microsoftonline.us",
    graphHost: "dod-graph.microsoft.us",
    hasDelta: true,
    hasHeaders: true,
    hasFlag: true,
    hasPermanentDelete: false,
  },
  china: {
    authorityHost: "login.partner.microsoftonline.cn",
    graphHost: "microsoftgraph.chinacloudapi.cn",
    hasDelta: false,
    hasHeaders: false,
    hasFlag: false,
    hasPermanentDelete: false,
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
  /** Whether messages have a follow-up flag. */
  readonly hasFlag: boolean;
  /** Whether messages can be deleted for good at once. */
  readonly hasPermanentDelete: boolean;
}
