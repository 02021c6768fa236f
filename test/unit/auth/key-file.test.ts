/** The key file: who may own it, who may read it, and that what was checked is what is read. */
import { execFileSync } from "node:child_process";
import { appendFileSync, renameSync } from "node:fs";
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { keyFile, keyFileFor, keyFileKind } from "../../../src/auth/key-file.js";
import { generateKey } from "../../../src/auth/key-ring.js";
import { assertPrivate } from "../../../src/auth/private-file.js";
import { ConfigError, type MailError } from "../../../src/base/errors.js";
import { rejected } from "../../support/rejection.js";

const [first, second] = [generateKey(), generateKey()];
const secrets = [first, second].flatMap((key) => [key, key.slice(4, 24)]);
const mostBytes = 65_536;

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "key-file-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

async function newFile(text: string, mode = 0o600): Promise<string> {
  const file = join(await newFolder(), "vault keys");
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

/** Why the file is refused; every refusal names it, says what to do, and repeats nothing that stands in it. */
async function refusal(file: string): Promise<MailError> {
  const error = await rejected(keyFile(file).load(), { secrets });
  expect(error.message).toContain(file);
  expect(error).toMatchObject({ who: "developer", remedy: expect.stringMatching(/./) });
  return error;
}

const idsOf = async (file: string) => (await keyFile(file).load()).map(({ id }) => id);

describe("a key file", () => {
  it("holds keys in lines, the first of which seals", async () => {
    expect(await idsOf(await newFile(`# since May\nnew:${first}\n\nold:${second}\n`))).toEqual(["new", "old"]);
  });

  it.each([0o600, 0o400])("may have the mode %o", async (mode) => {
    expect(await idsOf(await newFile(`a:${first}`, mode))).toEqual(["a"]);
  });

  it("is read again at each load, so a key can be added in front while the daemon runs", async () => {
    const file = await newFile(`old:${first}`);
    const ring = keyFile(file);
    expect(await ring.load()).toHaveLength(1);
    await writeFile(file, `new:${second}\nold:${first}`);
    expect((await ring.load()).map(({ id }) => id)).toEqual(["new", "old"]);
  });

  it("is found from the folder in which the ring was made, and named by its whole path", async () => {
    const file = await newFile(`a:${first}`, 0o644);
    const error = await rejected(keyFile(relative(process.cwd(), file)).load());
    expect(error.message).toContain(file);
  });

  it("may be reached by a symbolic link, as Kubernetes gives it; the file behind it is what counts", async () => {
    const file = await newFile(`a:${first}`);
    const link = join(await newFolder(), "link");
    await symlink(file, link);
    expect(await idsOf(link)).toEqual(["a"]);
    await chmod(file, 0o604);
    expect((await refusal(link)).code).toBe("CONFIG_KEY_INVALID");
  });

  it.each([0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o644, 0o666])(
    "is refused with the mode %o, and the remedy mends it",
    async (mode) => {
      const file = await newFile(`a:${first}`, mode);
      const error = await refusal(file);
      expect(error).toBeInstanceOf(ConfigError);
      expect(error.code).toBe("CONFIG_KEY_INVALID");
      expect(error.message).toContain(`got mode 0${mode.toString(8)}`);
      execFileSync("sh", ["-c", error.remedy?.replace("Run: ", "") ?? "false"]);
      expect(await idsOf(file)).toEqual(["a"]);
    },
  );

  it("is refused when another user owns it", async () => {
    const file = await newFile(`a:${first}`);
    if (process.geteuid?.() === 0) await chown(file, 12_345, 0);
    const reader = { userId: () => 23_456 };
    const error = await rejected(keyFileFor(file, reader).load(), { secrets });
    expect(error.code).toBe("CONFIG_KEY_INVALID");
    expect(error.message).toMatch(/owned by this process's user \(23456\) or by root, got user \d+/);
    expect(error.remedy).toContain(`chown 23456 '${file}'`);
  });

  it("is not asked for mode and owner where these mean nothing", async () => {
    const file = await newFile(`a:${first}`, 0o666);
    expect(await keyFileFor(file, { userId: () => undefined }).load()).toHaveLength(1);
  });

  it("that is not there is a missing key", async () => {
    const error = await refusal(join(await newFolder(), "absent"));
    expect(error).toMatchObject({ code: "AUTH_VAULT_KEY_MISSING", message: expect.stringContaining("There is no key file") });
  });

  it.each([
    ["nothing", ""],
    ["comments only", "# nothing yet\n\n"],
  ])("with %s is a missing key", async (_, text) => {
    const error = await refusal(await newFile(text));
    expect(error).toMatchObject({ code: "AUTH_VAULT_KEY_MISSING", message: expect.stringContaining("holds no vault key") });
  });

  it("that cannot be opened is a missing key, with the code of the file system", async () => {
    const folder = await newFolder();
    await symlink("loop", join(folder, "loop"));
    const error = await refusal(join(folder, "loop"));
    expect(error).toMatchObject({ code: "AUTH_VAULT_KEY_MISSING", message: expect.stringContaining("cannot be read (ELOOP)") });
  });

  it.each([
    ["no key", "hello", /key 1 of the key file .* to read `id:base64key`/],
    ["a short key", `a:${first.slice(0, 40)}`, /\("a"\) to be 32 bytes long, got 30/],
    ["two keys of one id", `a:${first}\na:${second}`, /key 2 .* \("a"\) to have an id of its own/],
    ["bytes that are no text", `a:${first}\n\u0000\u0001`, /key 2 of the key file/],
  ])("with %s is refused, and not repeated", async (_, text, message) => {
    const error = await refusal(await newFile(text));
    expect(error.code).toBe("CONFIG_KEY_INVALID");
    expect(error.message).toMatch(message);
  });

  it("of 64 KiB is read, of one byte more refused", async () => {
    const line = `a:${first}\n`;
    const padded = (bytes: number) => `${line}#${"x".repeat(bytes - line.length - 1)}`;
    expect(await idsOf(await newFile(padded(mostBytes)))).toEqual(["a"]);
    const error = await refusal(await newFile(padded(mostBytes + 1)));
    expect(error).toMatchObject({ code: "CONFIG_KEY_INVALID", message: expect.stringContaining("at most 65536 bytes") });
  });
});

describe("what is no file", () => {
  async function expectNoFile(path: string) {
    const error = await refusal(path);
    expect(error.code).toBe("CONFIG_KEY_INVALID");
    expect(error.message).toContain("to be a regular file");
  }

  it("is refused: a folder", async () => {
    const folder = join(await newFolder(), "folder");
    await mkdir(folder, { mode: 0o700 });
    await expectNoFile(folder);
  });

  it("is refused, and not waited for: a named pipe into which nobody writes", async () => {
    const pipe = join(await newFolder(), "pipe");
    execFileSync("mkfifo", ["-m", "600", pipe]);
    await expectNoFile(pipe);
  });

  it("is refused: a socket", async () => {
    const socket = join(await newFolder(), "socket");
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
    await expectNoFile(socket);
  });

  it("is refused: a device without an end", () => expectNoFile("/dev/zero"));
});

describe("between check and reading", () => {
  /** The reader is asked for its id after the file was opened and measured, before it is read. */
  const whileChecked = (act: () => void) => ({
    userId: () => {
      act();
      return process.geteuid?.();
    },
  });

  it("another file in its place is not read", async () => {
    const file = await newFile(`checked:${first}`);
    const other = await newFile(`other:${second}`, 0o666);
    const ring = keyFileFor(
      file,
      whileChecked(() => renameSync(other, file)),
    );
    expect((await ring.load()).map(({ id }) => id)).toEqual(["checked"]);
    expect((await refusal(file)).message).toContain("got mode 0666");
  });

  it("a file that grows beyond its limit is refused", async () => {
    const file = await newFile(`a:${first}\n`);
    const ring = keyFileFor(
      file,
      whileChecked(() => appendFileSync(file, "#".repeat(mostBytes))),
    );
    expect(await rejected(ring.load(), { secrets })).toMatchObject({ message: expect.stringContaining("at most 65536 bytes") });
  });
});

describe("mode and owner together", () => {
  const root = 0;
  const daemon = 1000;
  const somebody = 1001;

  /** Owner, reader, mode, and whether that is private enough. */
  const table: readonly (readonly [number, number, number, boolean])[] = [
    [daemon, daemon, 0o600, true],
    [daemon, daemon, 0o400, true],
    [daemon, daemon, 0o440, false],
    [daemon, daemon, 0o604, false],
    [root, daemon, 0o400, true],
    [root, daemon, 0o440, true],
    [root, daemon, 0o640, true],
    [root, daemon, 0o460, false],
    [root, daemon, 0o450, false],
    [root, daemon, 0o444, false],
    [root, daemon, 0o404, false],
    [root, root, 0o600, true],
    [root, root, 0o440, false],
    [somebody, daemon, 0o400, false],
    [somebody, daemon, 0o440, false],
    [somebody, root, 0o600, false],
  ];

  it.each(table)("a file of user %i, read by %i, with the mode %o: %s", (uid, reader, mode, isPrivate) => {
    const check = () => assertPrivate("/keys", keyFileKind, { uid, mode: 0o100_000 | mode, size: 50, isFile: () => true }, reader);
    if (isPrivate) expect(check).not.toThrow();
    else expect(check).toThrow(ConfigError);
  });
});
