/**
 * Files that are there whole or not at all, also after a power cut.
 *
 * Invariants: a file is written under a temporary name in its own folder, made durable, then renamed; what a crash leaves
 * of it is overwritten by the next try, as the temporary name is made of the file's. `syncFolder` makes the renames durable.
 */
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** Customer mail is nobody else's business: what the umask leaves of these is given. */
const fileMode = 0o640;
const folderMode = 0o750;

/** A text, or what begins a stream once there is a file to put it into. */
export type FileContent = string | (() => Promise<AsyncIterable<Uint8Array>>);

/** Writes the file and renames it to its name. @throws the file system's error, the content's own, the signal's reason */
export async function writeWhole(file: string, content: FileContent, signal: AbortSignal): Promise<void> {
  const part = join(dirname(file), `.${basename(file)}.part`);
  try {
    const handle = await open(part, "w", fileMode);
    try {
      await writeFile(handle, heeding(content, signal));
      await handle.sync();
    } finally {
      await handle.close();
    }
    signal.throwIfAborted();
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined); // What failed first is what counts.
    throw error;
  }
}

/** Makes a folder with those above it that are missing, each durable in the one above. @throws the file system's error */
export async function makeFolder(folder: string, sync: (folder: string) => Promise<void> = syncFolder): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: folderMode });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) await sync(dirname(made));
}

/** Makes the names in a folder durable. Where a folder cannot be opened (Windows), the system does it by itself. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function* heeding(content: FileContent, signal: AbortSignal): AsyncIterable<Uint8Array> {
  for await (const piece of typeof content === "string" ? [Buffer.from(content)] : await content()) {
    signal.throwIfAborted();
    yield piece;
  }
}
