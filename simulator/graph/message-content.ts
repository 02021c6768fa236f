/**
 * The body of a message as HTML or as text, and its preview.
 * Invariant: HTML unless text is preferred, whatever the mail was (message-get, `outlook.body-content-type`). Knows no JSON.
 */
import type { StoredMessage } from "../mailbox/message.js";

/** The body in the form asked for. */
export function contentOf(message: StoredMessage, asText: boolean): { contentType: "html" | "text"; content: string } {
  if (asText) return { contentType: "text", content: message.contentType === "text" ? message.content : textOf(message.content) };
  if (message.contentType === "html") return { contentType: "html", content: message.content };
  const head = '<html><head>\r\n<meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head>';
  return { contentType: "html", content: `${head}<body><div class="PlainText">${escapeHtml(message.content)}</div></body></html>` };
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
