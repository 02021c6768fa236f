/**
 * `/{tenant}/oauth2/deviceauth`: the page where a person enters the code that another device shows.
 * Invariant: a code is approved only by somebody who proved who they are; declining needs no proof. Knows no token.
 */
import type { SimulatedCloud } from "../cloud.js";
import { type Answer, type Ask, parseQuery } from "../exchange.js";
import type { EntraWorld } from "./grant.js";
import { beginHere, complaint, html, showNotice, showPage, signInFields } from "./page.js";
import { checkPassword, findPerson } from "./person-check.js";
import { EntraRefusal } from "./refusal.js";
import { readTokenForm } from "./token-endpoint.js";

/** Answers both methods; `otc` in the query fills the code in. */
export function answerDevicePage(ask: Ask, cloud: SimulatedCloud, world: EntraWorld): Answer {
  if (ask.method !== "POST") return showEntry(new Map(parseQuery(ask.query)).get("otc") ?? "", "");
  const form = readTokenForm(ask);
  const [otc = "", login = ""] = [form.get("otc"), form.get("login")];
  const code = world.deviceCodes.waiting(otc);
  if (!code) return showEntry(otc, login, { code: "That code didn't work. Check the code and try again." });
  if (form.has("cancel")) {
    code.verdict = "declined";
    return showNotice("Sign-in cancelled", "The application was not signed in. You can close this window.");
  }
  try {
    const account = findPerson(login, world);
    checkPassword(account, form.get("passwd") ?? "", world, cloud);
    code.verdict = { account, at: world.settings.now() };
  } catch (error) {
    if (!(error instanceof EntraRefusal)) throw error;
    return showEntry(otc, login, { person: `AADSTS${error.number}: ${error.message}` });
  }
  return showNotice("You are signed in", "You have signed in to the application on your device. You can close this window.");
}

/** What was wrong the last time: with the code, or with who signs in. */
interface Alerts {
  readonly code?: string;
  readonly person?: string;
}

function showEntry(otc: string, login: string, { code, person }: Alerts = {}): Answer {
  const { said, mark } = complaint(code);
  const beginsWithCode = otc === "" || code !== undefined;
  return showPage(
    "Enter the code",
    html`<p>Enter the code that your application shows, and sign in.</p>
<form method="post">
${said}<label for="otc">Code</label>
<input id="otc" name="otc" value="${otc}" autocomplete="off" autocapitalize="characters" required spellcheck="false"${mark}${beginsWithCode ? beginHere : undefined}>
${signInFields(login, person, !beginsWithCode)}
</form>`,
  );
}
