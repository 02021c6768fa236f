/**
 * Entra's refusals that say the app registration, the tenant or the configuration is wrong, for all accounts alike.
 *
 * Invariant: nothing of Entra's own text is used. Sources: identity-platform/reference-error-codes and, for the menu
 * words, how-to-add-redirect-uri ("Redirect URI configuration", "Add Redirect URI"), grant-admin-consent and
 * application-properties; 500014, 500113, 650053, 9002327: as quoted in public issues and guides.
 */
import type { RefusalRow } from "./remedy.js";

export const applicationRefusals: readonly RefusalRow[] = [
  {
    codes: [700016, 700011],
    cause: "the app is not known in this tenant",
    who: "developer",
    step: "register-the-app",
    remedy:
      "Compare clientId and tenantId with Entra ID > App registrations > the app > Overview: the app must be registered in this tenant, and in its cloud.",
  },
  {
    codes: [70001, 7000112, 1000031],
    cause: "the app is disabled",
    who: "administrator",
    step: "register-the-app",
    remedy: 'Entra ID > Enterprise apps > the app > Properties: set "Enabled for users to sign-in?" to Yes.',
  },
  {
    codes: [65002],
    cause: "the client id is that of an app of Microsoft's own",
    who: "developer",
    step: "register-the-app",
    remedy: "Register an app of your own and give its Application (client) ID as clientId.",
  },
  {
    codes: [9001023, 90124, 90130, 50194, 50059, 50128, 90019],
    cause: "this way of signing in needs a tenant of its own",
    who: "developer",
    step: "register-the-app",
    remedy: 'Give the Directory (tenant) ID of Entra ID > Overview as tenantId, not "common", "organizations" or a domain of another.',
  },
  {
    codes: [50011, 70004, 500113, 900971],
    cause: "the redirect address is not registered",
    who: "developer",
    step: "redirect-address",
    remedy:
      "Entra ID > App registrations > the app > Authentication > Redirect URI configuration > Add Redirect URI > Mobile and desktop applications: add http://localhost (any port is then accepted).",
  },
  {
    codes: [700084, 9002327],
    cause: "the redirect address is registered as a single-page app, whose refresh tokens end after a day",
    who: "developer",
    step: "redirect-address",
    remedy:
      'Entra ID > App registrations > the app > Authentication > Redirect URI configuration: remove http://localhost from "Single-page application" and add it under "Mobile and desktop applications".',
  },
  {
    codes: [7000218],
    cause: "the app does not allow public client flows",
    who: "developer",
    step: "public-client-flows",
    remedy:
      'Entra ID > App registrations > the app > Authentication > Settings: set "Allow public client flows" to Enabled and press Save; never add a client secret.',
  },
  {
    codes: [700025, 70002, 7000215, 7000222, 700027],
    cause: "a client secret or certificate was sent, which a public client has not",
    who: "developer",
    step: "public-client-flows",
    remedy: "Remove whatever adds a secret to the requests: this app is a public client.",
  },
  {
    codes: [650052, 650053, 650054, 650055, 650056, 650057, 65005],
    cause: "a permission or its resource is misconfigured",
    who: "developer",
    step: "api-permissions",
    remedy:
      "Entra ID > App registrations > the app > API permissions > Add a permission > Microsoft Graph > Delegated permissions: User.Read, User.ReadBasic.All and Mail.ReadWrite.",
  },
  {
    codes: [70011, 28002, 28003, 700022, 700023],
    cause: "a scope is not valid",
    who: "developer",
    step: "api-permissions",
    remedy: "Check the cloud option and the app's API permissions: they must belong to the same cloud.",
  },
  {
    codes: [50001, 500011],
    cause: "Microsoft Graph is not known in this tenant",
    who: "developer",
    step: "national-clouds",
    remedy: "Check tenantId and the cloud option: app, tenant and Graph must be of one cloud.",
  },
  {
    codes: [500014],
    cause: "a Microsoft service is disabled in this tenant",
    who: "administrator",
    step: "mailbox-licence",
    remedy: "Microsoft 365 admin center > Billing > Your products: see whether a subscription has lapsed.",
  },
  {
    codes: [90002, 50049],
    cause: "the tenant was not found",
    who: "developer",
    step: "register-the-app",
    remedy: "Compare tenantId with Entra ID > Overview, and the cloud option with the portal in which that page is.",
  },
  {
    codes: [90038, 90051],
    cause: "the tenant belongs to another national cloud",
    who: "developer",
    step: "national-clouds",
    remedy: "Set the cloud option to the cloud that the tenant lives in, and register the app there.",
  },
  {
    codes: [50002, 500021, 500022],
    cause: "this network may not reach the tenant",
    who: "administrator",
    step: "troubleshooting",
    remedy:
      "A proxy on the way restricts sign-ins to other tenants: add this tenant to its tenant restrictions, or let the daemon pass by it.",
  },
  {
    codes: [70003, 70005, 70007, 90014, 900144, 90023, 90100, 901002],
    cause: "the request is not of the form that Entra wants",
    who: "developer",
    step: "troubleshooting",
    remedy: "See whether a proxy or a fetch of your own changes the requests; if not, report it with the error's cause.",
  },
];
