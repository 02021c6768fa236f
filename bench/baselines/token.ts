/** An access token as any client gets one for a refresh token. Imports nothing of the product. */

export const graphOrigin = "https://graph.microsoft.com";

/** Who asks, and for whom. */
export interface Account {
  readonly clientId: string;
  readonly tenantId: string;
  readonly refreshToken: string;
}

export async function accessToken(fetch: typeof globalThis.fetch, { clientId, tenantId, refreshToken }: Account): Promise<string> {
  const form = new URLSearchParams({
    client_id: clientId,
    grant_type: "refresh_token",
    refresh_token: refreshToken,
    scope: `${graphOrigin}/Mail.ReadWrite`,
  });
  const answer = await fetch(`https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`, { method: "POST", body: form });
  const { access_token } = (await answer.json()) as { access_token?: string };
  if (access_token === undefined) throw new Error(`Entra gave no token (${answer.status}).`);
  return access_token;
}

/** The properties of a message that a contact centre reads; the daemon's full select. */
export const select =
  "id,internetMessageId,conversationId,subject,from,sender,toRecipients,ccRecipients,bccRecipients,replyTo,receivedDateTime,sentDateTime,bodyPreview,categories,importance,isRead,hasAttachments,parentFolderId,body,internetMessageHeaders";
