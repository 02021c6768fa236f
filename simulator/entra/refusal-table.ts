/**
 * What Entra answers with each AADSTS number at the token endpoint: the OAuth error, its own words, the finer error, the status.
 * Invariant: every row is complete by itself; a number that is not here is answered as `unlisted`. Knows no request.
 * Sources: entra-docs reference-error-codes (meaning), v2-oauth2-device-code, concept-authentication-flows (530036), public reports of
 * whole bodies for `suberror` and `claims` (53003, 70043, 50055, 50076). Which of the transient ones come with 503 is not documented.
 */

/** One row. The status is 401 for `invalid_client` and 400 otherwise, unless told. */
export interface RefusalRow {
  readonly error: string;
  readonly text: string;
  readonly suberror?: string;
  readonly status?: number;
  /** Sent as `claims`, as conditional access does. */
  readonly claims?: string;
}

const policyClaims = '{"access_token":{"capolids":{"essential":true,"values":["7f2d1c55-0000-4000-a000-5c1b7a90e001"]}}}';

const grant = (text: string, more: Partial<RefusalRow> = {}): RefusalRow => ({ error: "invalid_grant", text, ...more });
const request = (text: string): RefusalRow => ({ error: "invalid_request", text });
const client = (text: string): RefusalRow => ({ error: "invalid_client", text });
const unauthorized = (text: string): RefusalRow => ({ error: "unauthorized_client", text });
const busy = (text: string): RefusalRow => ({ error: "temporarily_unavailable", text, status: 503 });
const policy = (text: string): RefusalRow => grant(text, { suberror: "message_only", claims: policyClaims });
const misplaced = (text: string): RefusalRow => ({ error: "invalid_resource", text });

const account = {
  50020: grant("User account from another identity provider does not exist in this tenant and cannot access the application in it."),
  500208: grant("The domain is not a valid login domain for the account type."),
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
  50097: { error: "interaction_required", text: "Device authentication is required." },
  50105: grant(
    "The signed in user is blocked because they are not a direct member of a group with access, nor assigned to the application.",
  ),
  50126: grant("Error validating credentials due to invalid username or password."),
  50131: policy("The request was blocked because the device or the conditions of access do not meet the policy."),
  50132: grant("The credentials have been revoked, the session is not valid due to password expiration or a recent password change."),
  50133: grant("The session is not valid due to password expiration or a recent password change."),
  50144: grant("The user's Active Directory password has expired.", { suberror: "user_password_expired" }),
  50158: { error: "interaction_required", text: "External security challenge was not satisfied." },
  50173: grant(
    "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.",
    { suberror: "bad_token" },
  ),
  50199: grant("For security reasons, user confirmation is required for this request.", { suberror: "basic_action" }),
  53000: policy("The device is not in the required state: it must be compliant."),
  53001: policy("The device is not in the required state: it must be domain joined."),
  53002: policy("The application used is not an approved application for conditional access."),
  53003: policy("Access has been blocked by Conditional Access policies. The access policy does not allow token issuance."),
  53004: grant("The user must complete the multi-factor registration process before accessing this content.", {
    suberror: "additional_action",
  }),
  53011: policy("The user is blocked due to risk on the home tenant."),
  530032: policy("Access is blocked by a security policy of the tenant."),
  530035: policy("Access has been blocked by security defaults: the request was deemed unsafe by their policies."),
  530036: policy("The refresh token is invalid due to authentication flow checks by Conditional Access."),
  65001: grant(
    "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.",
    { suberror: "consent_required" },
  ),
  65004: grant("The user declined to consent to access the application.", { suberror: "consent_required" }),
  70000: grant("The provided value for the input parameter is not valid.", { suberror: "bad_token" }),
  70008: grant("The provided authorization code or refresh token has expired due to inactivity.", { suberror: "bad_token" }),
  70043: grant("The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.", {
    suberror: "token_expired",
  }),
  700082: grant("The refresh token has expired due to inactivity.", { suberror: "bad_token" }),
  700084: grant(
    "The refresh token was issued to a single page app, and therefore has a fixed, limited lifetime, which cannot be extended.",
    {
      suberror: "bad_token",
    },
  ),
  90072: grant("The user account from another tenant does not exist in this tenant and must be added as an external user first."),
  90094: grant("An administrator of the organization has set a policy: the permissions can be granted by an administrator only.", {
    suberror: "consent_required",
  }),
  90095: grant("An administrator must review and approve the application before it can be used.", { suberror: "consent_required" }),
} as const;

const flow = {
  50011: request("The redirect URI specified in the request does not match the redirect URIs configured for the application."),
  500112: client("The reply address does not match the reply address provided when requesting the authorization code."),
  501481: grant("The Code_Verifier does not match the code_challenge supplied in the authorization request."),
  501491: request("Invalid size of the Code_Challenge parameter."),
  54005: grant("OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token."),
  70005: { error: "unsupported_response_type", text: "The app returned an unsupported response type." },
  70007: request("The value of 'response_mode' is not supported for this request."),
  70016: { error: "authorization_pending", text: "OAuth 2.0 device flow error. Authorization is pending. Continue polling." },
  70018: { error: "bad_verification_code", text: "Invalid verification code due to an invalid or already redeemed device code." },
  70019: { error: "expired_token", text: "The verification code has expired. Have the user retry the sign-in." },
  70020: {
    error: "expired_token",
    text: "The provided value for the input parameter 'device_code' is not valid. This device code has expired.",
  },
  9002325: request("Proof Key for Code Exchange is required for authorization code redemption."),
  900971: request("No reply address provided."),
} as const;

const application = {
  28002: { error: "invalid_scope", text: "The provided value for the input parameter scope is not valid when requesting an access token." },
  50194: request("The application is not configured as a multi-tenant application. Use a tenant-specific endpoint."),
  650052: misplaced("The app needs access to a service that the organization has not subscribed to or enabled."),
  650053: misplaced("The application asked for a scope that does not exist on the resource."),
  650054: misplaced("The application asked for permissions to access a resource that has been removed or is no longer available."),
  650055: misplaced("The resource application is not available in this tenant."),
  650056: misplaced(
    "Misconfigured application: the client has not listed any permissions in the requested permissions of its registration.",
  ),
  650057: misplaced("Invalid resource: the client has requested access to a resource which is not listed in its registration."),
  70001: unauthorized("The application is disabled."),
  70003: { error: "unsupported_grant_type", text: "The app requested an unsupported grant type." },
  70011: { error: "invalid_scope", text: "The provided value for the input parameter 'scope' is not valid." },
  700011: unauthorized("The application was not found in the directory."),
  700016: unauthorized(
    "Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.",
  ),
  700025: client("Client is public so neither 'client_assertion' nor 'client_secret' should be presented."),
  7000112: unauthorized("The application is disabled."),
  7000218: client("The request body must contain the following parameter: 'client_assertion' or 'client_secret'."),
  90002: request("Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."),
  90038: request("The tenant is part of another national cloud: its requests must be sent to that cloud's authority."),
  900144: request("The request body must contain the following parameter"),
  90124: request(
    "The resource is not supported over the /common or /consumers endpoints. Use the /organizations or a tenant-specific endpoint.",
  ),
  9001023: request(
    "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
  ),
  9002313: request("Invalid request. Request is malformed or invalid."),
} as const;

const passing = {
  50033: busy("A retryable error has occurred."),
  50087: busy("A transient error occurred during sign-out."),
  50088: busy("The limit on telephony calls for multi-factor authentication has been reached."),
  50196: grant("The server terminated an operation because it encountered a client request loop."),
  70012: { error: "server_error", text: "A server error occurred while authenticating a consumer user.", status: 500 },
  // The agents of pass-through authentication answer in the place of a password check.
  80002: grant("The authentication agent's password validation request timed out."),
  80005: grant("The authentication agent encountered an unpredictable error during the web request."),
  80014: grant("The validation request responded after the maximum elapsed time was exceeded."),
  90006: busy("The external server is not available at the moment."),
  90012: busy("The request has timed out."),
  90024: busy("The request budget was exceeded. A transient error has occurred."),
  90033: busy("A transient error has occurred. Please try again."),
  90055: busy("Too many requests came in for this tenant."),
  90090: busy("The graph request of the sign-in failed or timed out."),
} as const;

/** A number that the simulator knows. */
export type AadstsNumber = keyof typeof account | keyof typeof flow | keyof typeof application | keyof typeof passing;

const rows: Readonly<Record<number, RefusalRow>> = { ...account, ...flow, ...application, ...passing };

/** How a number is answered that nobody has heard of. */
const unlisted: RefusalRow = grant("The request was refused.");

/** The row of a number. */
export const refusalRow = (number: number): RefusalRow => rows[number] ?? unlisted;

/** The status of a row. */
export const statusOf = ({ status, error }: RefusalRow): number => status ?? (error === "invalid_client" ? 401 : 400);
