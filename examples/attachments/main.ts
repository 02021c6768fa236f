/**
 * Attachments and MIME in a host application, over the simulator: `npm run build && node dist/examples/attachments/main.js`.
 * Invariant: its folder is gone when it ends.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createMailDaemon, generateKey, keyRing, memoryStore } from "m365-mail-daemon";
import { createSimulator } from "m365-mail-daemon/simulator";
import { parseMime } from "./parse-mime.js";
import { saveAttachments } from "./save-attachments.js";

const simulator = createSimulator({ seed: 1 });
const queue = simulator.addUser({ address: "support@contoso.com" });
queue.mailbox.deliver({
  subject: "My broken kettle",
  attachments: [
    { name: "../../kettle.jpg", contentType: "image/jpeg", content: 2_000_000 },
    { name: "CON", content: "a device on Windows" },
    { name: "invoice\u202efdp.exe", content: "not what it seems" },
    { name: "logo.png", isInline: true, contentId: "logo", content: 300 },
    { name: "video.mp4", content: 30_000_000 },
    { kind: "reference", name: "plan.docx" },
    { kind: "item", name: "Re: your order", item: { type: "message", message: { subject: "Re: your order" } } },
  ],
});

const folder = await mkdtemp(join(tmpdir(), "mail-attachments-"));
const daemon = createMailDaemon({
  app: { clientId: simulator.clientId, tenantId: simulator.tenantId },
  queues: [{ address: queue.address }],
  store: memoryStore(),
  vaultKeys: keyRing([{ id: "example", key: generateKey() }]),
  fetch: simulator.fetch,
  handler: async ({ message, signal }) => {
    for (const { attachment, path, refusal } of await saveAttachments(message, { folder, maxBytes: 10_000_000, signal })) {
      const what = path === undefined ? `not written: ${refusal}` : `${(await readFile(path)).length} bytes`;
      console.log(`${attachment.kind}  ${attachment.isInline ? "inline  " : ""}${basename(path ?? attachment.safeName)}  ${what}`);
    }
    const mail = await parseMime(message, { maxBytes: 100_000_000, signal });
    console.log(`MIME  ${mail.subject}  ${mail.attachments.length} attachments`);
  },
});
await daemon.signIn(queue.address, { method: "refreshToken", refreshToken: queue.issueRefreshToken() });
daemon.once("message:settled", () => void daemon.stop());
daemon.once("message:retrying", () => void daemon.stop());
await daemon.start();
await daemon.stopped;
await rm(folder, { recursive: true });
