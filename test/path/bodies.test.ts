/** Bodies in the form that a queue asks for, whether they come with the pages or by id. */
import { describe, expect, test } from "vitest";
import type { ContentOptions, MailMessage } from "../../src/index.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";

const sent = '<p onload="x()">new</p><script>evil()</script><p>quoted</p>';

describe.each(["everything", "unread"] as const)("a mail of a queue that begins with %s", (startFrom) => {
  async function delivered(content: ContentOptions): Promise<MailMessage> {
    const sim = simulatorWith();
    sim.user(address).mailbox.deliver({ body: { contentType: "html", content: sent }, uniqueBody: '<p onload="x()">new</p>' });
    const seen: MailMessage[] = [];
    const options = hostOptions(sim, { defaults: { content, startFrom }, handler: ({ message }) => void seen.push(message) });
    const daemon = await signedIn(sim, options);
    const settled = next(daemon, "message:settled");
    await daemon.start();
    await settled;
    await daemon.stop();
    expect(seen).toHaveLength(1);
    return seen[0] as MailMessage;
  }

  test("has harmless HTML", async () => {
    expect((await delivered({})).body).toEqual({ contentType: "html", content: "<p>new</p><p>quoted</p>" });
  });

  test("has HTML as it was sent only where that is asked for", async () => {
    expect((await delivered({ unsafeHtml: true })).body).toEqual({ contentType: "html", content: sent });
  });

  test("has text where that is asked for", async () => {
    expect((await delivered({ body: "text" })).body).toEqual({ contentType: "text", content: "new\r\nquoted\r\n" });
  });

  test("has no body where none is asked for, and a preview all the same", async () => {
    const mail = await delivered({ body: "none" });
    expect([mail.body, mail.uniqueBody, mail.preview]).toEqual([undefined, undefined, expect.stringContaining("new")]);
  });

  test("has what it says beside its quotes where that is asked for, with the body or without", async () => {
    const both = await delivered({ uniqueBody: true });
    expect([both.body?.content, both.uniqueBody]).toEqual(["<p>new</p><p>quoted</p>", { contentType: "html", content: "<p>new</p>" }]);
    const one = await delivered({ uniqueBody: true, body: "none", unsafeHtml: true });
    expect([one.body, one.uniqueBody?.content]).toEqual([undefined, '<p onload="x()">new</p>']);
  });
});
