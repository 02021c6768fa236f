/**
 * The claims challenge of continuous access evaluation, in the shapes in which it has been seen.
 * Invariant: whatever the shape, one Bearer challenge holds `error="insufficient_claims"` and the claims as padded base64.
 * Source: entra-docs app-resilience-continuous-access-evaluation and claims-challenge; Microsoft's own test suites (unquoted
 * authorization_uri, errorDescription). Knows no token.
 */
import type { Random } from "../random.js";
import { GraphRefusal } from "./refusal.js";

const reasons = [
  "TokenIssuedBeforeRevocationTimestamp",
  "TokenCreatedWithOutdatedPolicies",
  "LocationConditionEvaluationSatisfied",
] as const;

/** The 401 that asks for a token not older than `notBefore`, in seconds since 1970. */
export function claimsChallenge(notBefore: string, random: Random): GraphRefusal {
  const text = `Continuous access evaluation resulted in claims challenge with result: InteractionRequired and code: ${random.pick(reasons)}`;
  return new GraphRefusal(401, "InvalidAuthenticationToken", text.replace("claims ", ""), {
    "www-authenticate": challenge(notBefore, text, random),
  });
}

function challenge(notBefore: string, text: string, random: Random): string {
  const uri = "https://login.microsoftonline.com/common/oauth2/authorize";
  const parameters = [
    'realm=""',
    random.chance(0.5) ? `authorization_uri="${uri}"` : `authorization_uri=${uri}`,
    'error="insufficient_claims"',
    `claims="${claimsText(notBefore, random)}"`,
    ...(random.chance(0.5) ? ['client_id="00000003-0000-0000-c000-000000000000"'] : []),
    ...(random.chance(0.5) ? [`errorDescription="${text}, token: refused, see: https://aka.ms/cae"`] : []),
  ];
  const bearer = `Bearer ${(random.chance(0.5) ? parameters : random.shuffle(parameters)).join(", ")}`;
  const other = 'PoP realm="", error="invalid_token", nonce="c2ltdWxhdGVkLCBub25jZQ=="';
  return random.pick([bearer, bearer, `${bearer}, ${other}`, `${other}, ${bearer}`]);
}

/** Base64 that ends in "=", as a client must be able to read it. */
function claimsText(notBefore: string, random: Random): string {
  const text = JSON.stringify({ access_token: { nbf: { essential: true, value: notBefore } } });
  // A blank more or less, as Microsoft's own samples have them, moves the padding from none to one to two.
  const spaced = random.chance(0.5) ? text.replace("true,", "true, ") : text;
  const padded = spaced.padEnd(spaced.length + (spaced.length % 3 === 0 ? 1 : 0));
  return Buffer.from(padded).toString("base64");
}
