/** An address is opened by the system's own command where somebody sits at a screen, and without one nothing fails. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openInBrowser } from "../../../src/cli/open-url.js";

const url = "https://login.microsoftonline.com/x?a=1&b='$(touch never)'";
/** Other systems have other commands, which need no screen to be named. */
const onLinux = it.runIf(process.platform === "linux");

async function commands(): Promise<{ readonly PATH: string; readonly opened: () => Promise<string> }> {
  const PATH = await mkdtemp(join(tmpdir(), "open-url-"));
  onTestFinished(() => rm(PATH, { recursive: true, force: true }));
  const note = join(PATH, "opened");
  await writeFile(join(PATH, "xdg-open"), `#!/bin/sh\nprintf %s "$1" > ${note}.new && /bin/mv ${note}.new ${note}\n`, { mode: 0o755 });
  return { PATH, opened: () => readFile(note, "utf8").catch(() => "") };
}

onLinux("the command gets the address as one word", async () => {
  const { PATH, opened } = await commands();
  openInBrowser(url, { PATH, DISPLAY: ":0" });
  await expect.poll(opened).toBe(url);
});

onLinux("without a screen, or without the command, nothing is opened and nothing fails", async () => {
  const { PATH, opened } = await commands();
  openInBrowser(url, { PATH });
  openInBrowser(url, { PATH: join(PATH, "absent"), DISPLAY: ":0" });
  openInBrowser(url, { PATH, WAYLAND_DISPLAY: "wayland-0" });
  // The one that does open was asked last.
  await expect.poll(opened).toBe(url);
});
