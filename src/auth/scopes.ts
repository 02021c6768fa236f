/** The delegated permissions that a queue asks for. MSAL adds `openid profile offline_access` by itself. */
import type { Cloud } from "../base/cloud.js";

/** `shared`: the account opens somebody else's mailbox as well. */
export function graphScopes(cloud: Cloud, shared: boolean): readonly string[] {
  const names = ["User.Read", "User.ReadBasic.All", "Mail.ReadWrite", ...(shared ? ["Mail.ReadWrite.Shared"] : [])];
  return names.map((name) => `https://${cloud.graphHost}/${name}`);
}
