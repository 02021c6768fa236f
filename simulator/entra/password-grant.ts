/**
 * The `password` grant (ROPC). Invariant: it never skips MFA, and never serves an account whose password is kept elsewhere.
 * Source: entra-docs v2-oauth-ropc (no guests, no federated accounts); reports that a federated account's password is told wrong (50126).
 */
import type { Grant } from "./grant.js";
import { checkPassword, findPerson } from "./person-check.js";
import { EntraRefusal } from "./refusal.js";

/** See the file's head. */
export const passwordGrant: Grant = {
  parameters: ["username", "password"],
  tenantOnly: true,
  publicClientFlow: true,
  whom: (form, { directory }) => directory.find(form.get("username") ?? ""),
  signIn(form, world, cloud) {
    const username = form.get("username");
    const password = form.get("password");
    if (!username || !password) throw new EntraRefusal(900144, username ? "'password'." : "'username'.");
    const account = findPerson(username, world);
    const { state } = account;
    if (state.guest) throw new EntraRefusal(50020);
    if (state.federated) throw new EntraRefusal(50126);
    checkPassword(account, password, world, cloud);
    if (state.securityDefaults) throw new EntraRefusal(530035);
    if (state.mustRegisterMfa) throw new EntraRefusal(50079);
    if (state.mfaRequired) throw new EntraRefusal(50076);
    return { account, session: { way: "password", startedAt: world.settings.now() } };
  },
};
