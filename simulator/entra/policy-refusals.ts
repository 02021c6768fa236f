/**
 * What Entra answers when a policy of the tenant or the want of consent refuses a sign-in, and in the middle of one.
 * Invariant: every row is complete by itself. Knows no request. Sources: entra-docs reference-error-codes (meaning),
 * v2-oauth2-device-code, concept-authentication-flows (530036), public reports of whole bodies for `suberror` and `claims` (53003).
 */
import { client, grant, policy, request } from "./refusal-row.js";

export const policyRefusals = {
  50005: policy("The platform of the device is not supported by a conditional access policy."),
  50097: { error: "interaction_required", text: "Device authentication is required." },
  50127: { error: "interaction_required", text: "A broker app has to be installed on the device." },
  50129: { error: "interaction_required", text: "The device is not registered with the workplace." },
  50131: policy("The request was blocked because the device or the conditions of access do not meet the policy."),
  50155: grant("The device could not be authenticated for this user.", { suberror: "device_authentication_failed" }),
  50158: { error: "interaction_required", text: "External security challenge was not satisfied." },
  50187: grant("No information about the device was given.", { suberror: "device_authentication_failed" }),
  53000: policy("The device is not in the required state: it must be compliant."),
  53001: policy("The device is not in the required state: it must be domain joined."),
  53002: policy("The application used is not an approved application for conditional access."),
  53003: policy("Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."),
  530032: policy("Access is blocked by a security policy of the tenant."),
  530034: policy("A delegated administrator was blocked for suspicious activity in the account."),
  530035: policy("Access has been blocked by security defaults: the request was deemed unsafe by their policies."),
  530036: policy("The refresh token is invalid due to authentication flow checks by Conditional Access."),
  53011: policy("The user is blocked due to risk on the home tenant."),
  65001: grant(
    "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.",
    { suberror: "consent_required" },
  ),
  65004: grant("The user declined to consent to access the application.", { suberror: "consent_required" }),
  90008: grant("Nobody has consented to the application, which needs at least to sign in and to read the profile.", {
    suberror: "consent_required",
  }),
  90094: grant("An administrator of the organization has set a policy: the permissions can be granted by an administrator only.", {
    suberror: "consent_required",
  }),
  90095: grant("An administrator must review and approve the application before it can be used.", { suberror: "consent_required" }),
} as const;

/** In the middle of a sign-in. */
export const flowRefusals = {
  16001: { error: "interaction_required", text: "The account that was chosen at the prompt is not valid here." },
  50011: request("The redirect URI specified in the request does not match the redirect URIs configured for the application."),
  500112: client("The reply address does not match the reply address provided when requesting the authorization code."),
  50134: request("The device code must be answered in the data center in which it was issued."),
  50140: { error: "interaction_required", text: "The question whether to stay signed in was not answered." },
  501481: grant("The Code_Verifier does not match the code_challenge supplied in the authorization request."),
  501491: request("Invalid size of the Code_Challenge parameter."),
  54005: grant("OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."),
  700005: grant("The code was issued by another tenant than it is redeemed at."),
  70005: { error: "unsupported_response_type", text: "The app returned an unsupported response type." },
  70007: request("The value of 'response_mode' is not supported for this request."),
  70016: { error: "authorization_pending", text: "OAuth 2.0 device flow error. Authorization is pending. Continue polling." },
  70018: { error: "bad_verification_code", text: "Invalid verification code due to an invalid or already redeemed device code." },
  70019: { error: "expired_token", text: "The verification code has expired. Have the user retry the sign-in." },
  70020: {
    error: "expired_token",
    text: "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
  },
  90013: request("What the user typed is not valid."),
  9002325: request("Proof Key for Code Exchange is required for authorization code redemption."),
  900971: request("No reply address provided."),
  90119: request("The user code is missing or empty."),
  90120: request("The device code has been approved or declined already."),
} as const;
