/**
 * What Entra answers when one account's user, password, second factor or session is refused.
 * Invariant: every row is complete by itself. Knows no request. Sources: entra-docs reference-error-codes (meaning), public reports of
 * whole bodies for `suberror` (50055, 50076).
 */
import { grant } from "./refusal-row.js";

export const accountRefusals = {
  16000: { error: "interaction_required", text: "The account comes from an identity provider that this tenant does not know." },
  16003: { error: "interaction_required", text: "The account has not been added to the tenant of the resource." },
  500121: grant("The request for strong authentication was not answered or was denied.", { suberror: "basic_action" }),
  50014: grant("The guest has not redeemed the invitation yet."),
  50020: grant("User account from another identity provider does not exist in this tenant and cannot access the application in it."),
  500208: grant("The domain is not a valid login domain for the account type."),
  500212: grant("An outbound policy of the account's home tenant does not allow access to this tenant."),
  500213: grant("An inbound policy of this tenant does not allow accounts of that tenant."),
  50034: grant(
    "The user account does not exist in the directory. To sign into this application, the account must be added to the directory.",
  ),
  50053: grant("The account is locked, you've tried to sign in too many times with an incorrect user ID or password."),
  50055: grant("The password is expired.", { suberror: "user_password_expired" }),
  50056: grant("Invalid or null password: the password does not exist in the directory for this user."),
  50057: grant("The user account is disabled."),
  50058: { error: "login_required", text: "A silent sign-in request was sent but no user is signed in." },
  50064: grant("Credential validation has failed."),
  50072: grant("The user must enroll in multi-factor authentication.", { suberror: "basic_action" }),
  50074: grant("Strong authentication is required.", { suberror: "basic_action" }),
  50076: grant(
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.",
    { suberror: "basic_action" },
  ),
  50078: grant("Presented multi-factor authentication has expired due to policies configured by your administrator.", {
    suberror: "basic_action",
  }),
  50079: grant(
    "Due to a configuration change made by your administrator, or because you moved to a new location, you must enroll in multi-factor authentication.",
    { suberror: "basic_action" },
  ),
  50085: grant("The refresh token needs a login by the social identity provider."),
  50089: grant("Authentication failed because the flow token expired."),
  50105: grant(
    "The signed in user is blocked because they are not a direct member of a group with access, nor assigned to the application.",
  ),
  50125: grant("The sign-in was interrupted to register for password reset.", { suberror: "basic_action" }),
  50126: grant("Error validating credentials due to invalid username or password."),
  50132: grant("The credentials have been revoked, the session is not valid due to password expiration or a recent password change."),
  50133: grant("The session is not valid due to password expiration or a recent password change."),
  50135: grant("The password has to be changed because the account is at risk.", { suberror: "basic_action" }),
  50142: grant("A conditional access policy asks for a new password.", { suberror: "basic_action" }),
  50144: grant("The user's Active Directory password has expired.", { suberror: "user_password_expired" }),
  50161: grant("What the external provider claimed does not satisfy the challenge."),
  50173: grant(
    "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.",
    { suberror: "bad_token" },
  ),
  50197: grant("No single account could be found for the user: identities are in conflict."),
  50199: grant("For security reasons, user confirmation is required for this request.", { suberror: "basic_action" }),
  51004: grant("The account is not in the directory of the tenant."),
  53004: grant("The user must complete the multi-factor registration process before accessing this content.", {
    suberror: "additional_action",
  }),
  53010: grant("Methods of multi-factor authentication cannot be set up from here: it takes a trusted place or device.", {
    suberror: "additional_action",
  }),
  70000: grant("The provided value for the input parameter is not valid.", { suberror: "bad_token" }),
  700020: { error: "interaction_required", text: "The grant of access needs a person." },
  70008: grant("The provided authorization code or refresh token has expired due to inactivity.", { suberror: "bad_token" }),
  700082: grant("The refresh token has expired due to inactivity.", { suberror: "bad_token" }),
  700084: grant(
    "The refresh token was issued to a single page app, and therefore has a fixed, limited lifetime, which cannot be extended.",
    {
      suberror: "bad_token",
    },
  ),
  70043: grant("The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.", {
    suberror: "token_expired",
  }),
  70046: grant("The session has ended because a conditional access policy asks for a new sign-in."),
  80012: grant("The account may not sign in at this hour."),
  90072: grant("The user account from another tenant does not exist in this tenant and must be added as an external user first."),
} as const;
