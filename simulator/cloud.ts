/**
 * The Microsoft clouds and the host names each answers at.
 * Invariant: an authority and a Graph host belong to the same cloud only when this table says so. Knows no request.
 */

/** One cloud's host names. */
export interface SimulatedCloud {
  readonly authorities: readonly string[];
  readonly graphs: readonly string[];
  /** China's published v1.0 metadata has no delta on messages. */
  readonly delta: boolean;
  /** Only the global cloud has permanentDelete (api/message-permanentdelete; the published v1.0 metadata of the others has none). */
  readonly permanentDelete: boolean;
  /** Properties of a message that the cloud does not know. Source: its published v1.0 metadata (China: msgraph-metadata, Mooncake). */
  readonly withoutProperties: readonly string[];
  /** The short address of the page for device codes, as Entra tells it. */
  readonly deviceLogin: string;
  /** Wrong passwords until an account locks (howto-password-smart-lockout: 10, US Government 3). */
  readonly lockoutAfter: number;
}

/** Source of the hosts: Microsoft's pages on national cloud deployments and their authentication. */
export const simulatedClouds: readonly SimulatedCloud[] = [
  {
    authorities: ["login.microsoftonline.com"],
    graphs: ["graph.microsoft.com"],
    delta: true,
    permanentDelete: true,
    withoutProperties: [],
    deviceLogin: "https://microsoft.com/devicelogin",
    lockoutAfter: 10,
  },
  {
    authorities: ["login.microsoftonline.us"],
    graphs: ["graph.microsoft.us", "dod-graph.microsoft.us"],
    delta: true,
    permanentDelete: false,
    withoutProperties: [],
    deviceLogin: "https://microsoft.com/deviceloginus",
    lockoutAfter: 3,
  },
  {
    authorities: ["login.partner.microsoftonline.cn", "login.chinacloudapi.cn"],
    graphs: ["microsoftgraph.chinacloudapi.cn"],
    delta: false,
    permanentDelete: false,
    withoutProperties: ["internetMessageHeaders", "flag"],
    deviceLogin: "https://microsoft.com/deviceloginchina",
    lockoutAfter: 10,
  },
];

/** The cloud that signs in at this host, if it is one of ours. */
export function cloudOfAuthority(host: string): SimulatedCloud | undefined {
  return simulatedClouds.find((cloud) => cloud.authorities.includes(host));
}

/** The cloud whose Graph lives at this host, if it is one of ours. */
export function cloudOfGraph(host: string): SimulatedCloud | undefined {
  return simulatedClouds.find((cloud) => cloud.graphs.includes(host));
}
