/** The example of attachments and MIME, as a user runs it. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { childSecrets } from "../support/secrets/child-secrets.js";
import { showPrint } from "../support/secrets/showings.js";

const program = fileURLToPath(new URL("../../dist/examples/attachments/main.js", import.meta.url));

test("the example writes what can be written by safe names, says what was not, parses the MIME, and leaves nothing", async () => {
  if (!existsSync(program)) throw new Error("This test runs the built package: run `npm run build` first.");
  const secrets = childSecrets();
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { env: { ...process.env, ...secrets.environment } });
  showPrint("what the example printed", stdout + stderr);
  expect(secrets.collect()).toBeGreaterThan(0);
  expect(stderr).toBe("");
  expect(stdout.trimEnd().split("\n")).toEqual([
    "file  _.._kettle.jpg  2000000 bytes",
    "file  _CON  19 bytes",
    "file  invoicefdp.exe  17 bytes",
    "file  inline  logo.png  300 bytes",
    "file  video.mp4  not written: DELIVERY_CONTENT_OVER_LIMIT",
    "reference  plan.docx  not written: GRAPH_ATTACHMENT_REFUSED",
    expect.stringMatching(/^item {2}Re_ your order {2}\d+ bytes$/),
    "MIME  My broken kettle  7 attachments",
  ]);
  expect(readdirSync(tmpdir()).filter((name) => name.startsWith("mail-attachments-"))).toEqual([]);
});
