/** The pages that a person sees when the browser comes back: plain, without scripts, and with nothing secret in them. */
import { MailError } from "../base/errors.js";
import { remedyText } from "./remedies.js";

/** On a light and on a dark ground. */
const colours = { ok: ["#0f7b4f", "#4cc38a"], failed: ["#b3261e", "#ff8a80"], wait: ["#56607a", "#a9b1c6"] } as const;

/** While nothing has come back yet. */
export const waitingPage = page("wait", "Waiting for the sign-in", ["This window belongs to a sign-in that has not come back yet."]);

export function signedInPage(account: string): string {
  return page("ok", "Signed in", [`${account} is signed in. You can close this window.`]);
}

/** What went wrong, and what to do about it, in our own words. */
export function failedPage(account: string, error: unknown): string {
  // The account may still be signed in from before.
  const what = `The sign-in of ${account} did not succeed.`;
  if (!(error instanceof MailError)) return page("failed", "Not signed in", [what, "It was ended before that."]);
  const { message, remedy = "", who, step } = error;
  const where = who === undefined || step === undefined ? "" : remedyText({ remedy: "", who, step });
  const deed = where !== "" && remedy.endsWith(where) ? remedy.slice(0, -where.length) : remedy;
  return page("failed", "Not signed in", [what, message, deed], deed === remedy ? "" : where.slice(2, -1));
}

function page(look: keyof typeof colours, title: string, texts: readonly string[], small = ""): string {
  const [onLight, onDark] = colours[look];
  const shown = texts.filter((text) => text !== "").map((text) => `<p>${escaped(text)}</p>`);
  if (small !== "") shown.push(`<p><small>${escaped(small)}</small></p>`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>
:root { color-scheme: light dark; --look: ${onLight}; }
@media (prefers-color-scheme: dark) { :root { --look: ${onDark}; } }
body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 0 1rem; }
main { max-width: 34rem; border-left: .3rem solid var(--look); padding: .2rem 1.2rem; }
h1 { font-size: 1.4rem; margin: .2rem 0; }
p { margin: .4rem 0; overflow-wrap: anywhere; }
</style>
</head>
<body><main role="status"><h1>${escaped(title)}</h1>${shown.join("")}</main></body>
</html>
`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
