/**
 * The look of Entra's pages and the headers that guard them.
 * Invariant: whatever came from a request is escaped; a page runs no script but its own, posts to itself and to the one address it was
 * told, and cannot be framed. Knows no flow.
 */
import { randomBytes } from "node:crypto";
import type { Answer } from "../exchange.js";

/** A piece of HTML that is safe to put into a page. */
export interface Html {
  readonly html: string;
}

/** What a page may do besides showing itself. */
export interface PageAllowance {
  /** Where its form may lead, a URL; default: to itself only. */
  readonly formTarget?: string;
  /** A script of ours, run once. */
  readonly script?: string;
}

/** HTML with every value escaped that is not HTML already. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html | readonly Html[] | undefined)[]): Html {
  return { html: parts.reduce((text, part, index) => text + written(values[index - 1]) + part) };
}

function written(value: string | Html | readonly Html[] | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  return Array.isArray(value) ? value.map(({ html: text }) => text).join("") : (value as Html).html;
}

const style = `
:root { color-scheme: light dark; --ground: #e9eef5; --card: #fff; --text: #1b1b1f; --quiet: #575b66; --line: #767b87; --deed: #0b5cad; --on-deed: #fff; --alarm: #a4161a; }
@media (prefers-color-scheme: dark) { :root { --ground: #15181d; --card: #22262d; --text: #f2f3f5; --quiet: #b4bac6; --line: #8b92a0; --deed: #6cb2ff; --on-deed: #06213d; --alarm: #ff9a94; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { width: 100%; max-width: 27.5rem; padding: 2.25rem clamp(1.25rem, 8vw, 2.5rem); background: var(--card); border-radius: 0.5rem; box-shadow: 0 0.25rem 1.5rem rgb(0 0 0 / 0.14); }
header { margin: 0 0 1.25rem; color: var(--quiet); font-size: 0.875rem; }
h1 { margin: 0 0 0.5rem; font-size: 1.5rem; font-weight: 600; line-height: 1.3; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
main > :last-child { margin-bottom: 0; }
label { display: block; margin: 1rem 0 0.25rem; font-weight: 600; }
input { width: 100%; padding: 0.5rem 0.625rem; border: 1px solid var(--line); border-radius: 0.25rem; background: transparent; color: inherit; font: inherit; }
[aria-invalid] { border-color: var(--alarm); }
[role="alert"] { margin-top: 1rem; color: var(--alarm); }
.buttons { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.75rem; }
button { min-width: 7rem; padding: 0.5rem 1rem; border: 1px solid var(--line); border-radius: 0.25rem; background: transparent; color: inherit; font: inherit; cursor: pointer; }
button.deed { border-color: var(--deed); background: var(--deed); color: var(--on-deed); }
:focus-visible { outline: 3px solid var(--deed); outline-offset: 2px; }
`;

/** A whole page. */
export function showPage(title: string, content: Html, { formTarget, script }: PageAllowance = {}, status = 200): Answer {
  const nonce = randomBytes(16).toString("base64");
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style nonce="${nonce}">${{ html: style }}</style>
</head>
<body>
<main>
<header>Simulated sign-in: no real account is used here</header>
<h1>${title}</h1>
${content}
</main>
${script === undefined ? undefined : { html: `<script nonce="${nonce}">${script}</script>\n` }}</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(script === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    `form-action 'self'${formTarget === undefined ? "" : ` ${new URL(formTarget).origin}`}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy.join("; "),
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "referrer-policy": "strict-origin-when-cross-origin",
    },
    body: page.html,
  };
}

/** A page that ends the matter. */
export const showNotice = (title: string, text: string, status = 200): Answer => showPage(title, html`<p>${text}</p>`, {}, status);

/** Where a person begins to type. */
export const beginHere: Html = { html: " autofocus" };

/** What is said of fields that were filled in wrongly, and their mark. */
export function complaint(alert: string | undefined): { readonly said: Html | undefined; readonly mark: Html | undefined } {
  if (alert === undefined) return { said: undefined, mark: undefined };
  return {
    said: html`<p role="alert" id="complaint">${alert}</p>\n`,
    mark: { html: ' aria-invalid="true" aria-describedby="complaint"' },
  };
}

/** The fields and buttons by which a person signs in; `alert` says why it did not work the last time. `begin` false: they begin elsewhere. */
export function signInFields(login: string, alert: string | undefined, begin = true): Html {
  const { said, mark } = complaint(alert);
  const focus = begin ? beginHere : undefined;
  return html`${said}<label for="login">Account</label>
<input id="login" name="login" type="email" value="${login}" autocomplete="username" required spellcheck="false"${mark}${login === "" ? focus : undefined}>
<label for="passwd">Password</label>
<input id="passwd" name="passwd" type="password" autocomplete="current-password" required${mark}${login === "" ? undefined : focus}>
<div class="buttons">
<button class="deed" type="submit">Sign in</button>
<button type="submit" name="cancel" value="1" formnovalidate>Cancel</button>
</div>`;
}
