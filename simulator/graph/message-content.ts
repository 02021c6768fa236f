/**
 * The body of a message as HTML or as text, and its preview.
 * Invariant: HTML unless text is preferred, whatever the mail was (message-get, `outlook.body-content-type`), and harmless unless the client
 * asks for the original. Knows no JSON.
 */
import type { StoredMessage } from "../mailbox/message.js";

/** A body as stored. */
type Stored = Pick<StoredMessage, "contentType" | "content">;

/** The body in the form asked for. */
export function contentOf(
  stored: Stored,
  { textBodies, unsafeHtml }: { readonly textBodies: boolean; readonly unsafeHtml: boolean },
): { contentType: "html" | "text"; content: string } {
  if (textBodies) return { contentType: "text", content: stored.contentType === "text" ? stored.content : textOf(stored.content) };
  if (stored.contentType === "html") return { contentType: "html", content: unsafeHtml ? stored.content : harmless(stored.content) };
  const head = '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head>';
  return { contentType: "html", content: `${head}<body><div class="PlainText">${escapeHtml(stored.content)}</div></body></html>` };
}

const harm = /<(script|iframe|object|embed|form)\b|\son[a-z]+\s*=|javascript:/i;

/**
 * Graph takes out what could do harm, unless the client asks for the original (message-get, `outlook.allow-unsafe-html`).
 * What it takes out is not documented; this is the least that anybody expects.
 */
function harmless(html: string): string {
  if (!harm.test(html)) return html;
  return html
    .replace(/<(script|iframe|object|embed|form)\b[\s\S]*?(<\/\1\s*>|$)/gi, "")
    .replace(/\son[a-z]+\s*=\s*("[^"]*"|'[^']*'|[^\s>]*)/gi, "")
    .replace(/javascript:/gi, "");
}

/** Graph's preview: the first 255 characters of the text. Made once per message. */
export function previewOf(message: StoredMessage): string {
  message.preview ??= (message.contentType === "text" ? message.content : textOf(message.content.slice(0, 8192))).trim().slice(0, 255);
  return message.preview;
}

function textOf(html: string): string {
  return html
    .replace(/<(head|style|script)[\s\S]*?<\/\1>/gi, "")
    .replace(/<br\s*\/?>|<\/(p|div|tr|h\d)>/gi, "\r\n")
    .replace(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&nbsp;", " ")
    .replaceAll("&amp;", "&");
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replace(/\r?\n/g, "<br>\r\n");
}
