/** The pages that a person sees when the browser comes back: plain, without scripts, and with nothing secret in them. */
import { MailError } from "../base/errors.js";

const colours = { ok: "#0f7b4f", failed: "#b3261e", wait: "#445" };

/** While nothing has come back yet. */
export const waitingPage = page("Waiting for the sign-in", "This window belongs to a sign-in that has not come back yet.", "wait");

export function signedInPage(account: string): string {
  return page("Signed in", `${account} is signed in. You can close this window.`, "ok");
}

/** What went wrong, and what to do about it, in our own words. */
export function failedPage(account: string, error: unknown): string {
  const { message, remedy } = error instanceof MailError ? error : { message: "The sign-in was ended.", remedy: undefined };
  return page("Not signed in", `${account}: ${message} ${remedy ?? ""}`, "failed");
}

function page(title: string, text: string, look: keyof typeof colours): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 1rem; }
main { max-width: 34rem; border-left: .3rem solid ${colours[look]}; padding: .2rem 1.2rem; }
h1 { font-size: 1.4rem; margin: .2rem 0; }
p { margin: .4rem 0; overflow-wrap: anywhere; }
</style>
</head>
<body><main role="status"><h1>${escaped(title)}</h1><p>${escaped(text.trim())}</p></main></body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
