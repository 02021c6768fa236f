/**
 * The `password` grant (ROPC). Invariant: a locked account is refused whatever the password; MFA is never skipped.
 */
import type { Grant } from "./grant.js";
import { EntraRefusal } from "./refusal.js";

/** See the file's head. */
export const passwordGrant: Grant = {
  parameters: ["username", "password"],
  tenantOnly: true,
  whom: (form, { directory }) => directory.find(form.get("username") ?? ""),
  signIn(form, { directory, lockout, settings }, cloud) {
    const username = form.get("username");
    const password = form.get("password");
    if (!username || !password) throw new EntraRefusal(900144, username ? "'password'." : "'username'.");
    const account = username.includes("@") ? directory.find(username) : undefined;
    if (!account) throw new EntraRefusal(50034);
    const now = settings.now();
    if (lockout.locked(account.address, now)) throw new EntraRefusal(50053);
    if (account.password !== password) {
      lockout.failed(account.address, password, cloud.lockoutAfter, now);
      throw new EntraRefusal(lockout.locked(account.address, now) ? 50053 : 50126);
    }
    lockout.passed(account.address);
    if (account.mfaRequired) throw new EntraRefusal(50076);
    return account;
  },
};
