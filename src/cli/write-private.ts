/** A file for its owner's eyes alone, from the first byte of its content, whatever was there and whoever could read that. */
import { open } from "node:fs/promises";

/** @throws the file system's error */
export async function writePrivate(file: string, text: string): Promise<void> {
  const handle = await open(file, "w", 0o600);
  try {
    // One that was there keeps the mode it had.
    await handle.chmod(0o600);
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}
