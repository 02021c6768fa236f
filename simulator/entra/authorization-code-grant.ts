/**
 * The `authorization_code` grant with PKCE. Invariant: a code that was shown with a wrong address or verifier is spent as well.
 */
import { createHash } from "node:crypto";
import type { Grant } from "./grant.js";
import { EntraRefusal } from "./refusal.js";

/** See the file's head. */
export const authorizationCodeGrant: Grant = {
  parameters: ["code", "code_verifier"],
  tenantOnly: false,
  publicClientFlow: false,
  scopeOptional: true,
  whom(form, { codes }) {
    const code = codes.find(form.get("code") ?? "");
    return typeof code === "string" ? undefined : code.account;
  },
  signIn(form, { codes, settings }) {
    const asked = form.get("code");
    if (!asked) throw new EntraRefusal(900144, "'code'.");
    const code = codes.find(asked);
    if (code === "garbled") throw new EntraRefusal(9002313);
    if (code === "unknown") throw new EntraRefusal(70000, "'code'.");
    if (code.spent) throw new EntraRefusal(54005);
    if (settings.now() >= code.expiresAt) throw new EntraRefusal(70008);
    code.spent = true;
    if (form.get("redirect_uri") !== code.redirectUri) throw new EntraRefusal(500112);
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (challenge !== code.codeChallenge) throw new EntraRefusal(501481);
    return code;
  },
};
