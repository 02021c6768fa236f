import { once } from "node:events";
import { describe, expect, it } from "vitest";
import { checkedMethod } from "../../../src/auth/sign-in-method.js";
import { ConfigError } from "../../../src/base/errors.js";
import { leaks } from "../../support/rejection.js";
import { address, setUp } from "./set-up.js";

const secret = "a-very-secret-text";
const openUrl = () => undefined;

describe("a way of signing in", () => {
  it.each([
    ["nothing", undefined, "method"],
    ["a text", "browser", "method"],
    ["no method", {}, "method.method"],
    ["an unknown method", { method: "magic" }, "method.method"],
    ["a browser that nobody opens", { method: "browser" }, "method.openUrl"],
    ["an address to open in place of a function", { method: "browser", openUrl: "https://x" }, "method.openUrl"],
    ["a port that is none", { method: "browser", openUrl, port: 65_536 }, "method.port"],
    ["half a port", { method: "browser", openUrl, port: 1.5 }, "method.port"],
    ["a device code that nobody shows", { method: "deviceCode" }, "method.onPrompt"],
    ["no password", { method: "password" }, "method.password"],
    ["an empty password", { method: "password", password: "" }, "method.password"],
    ["a password with a space at its end", { method: "password", password: `${secret} ` }, "method.password"],
    ["a password with a space at its beginning", { method: "password", password: ` ${secret}` }, "method.password"],
    ["an empty name", { method: "password", password: secret, username: "" }, "method.username"],
    ["no refresh token", { method: "refreshToken" }, "method.refreshToken"],
    ["a refresh token with a line break", { method: "refreshToken", refreshToken: `${secret}\n` }, "method.refreshToken"],
    ["a refresh token that is a number", { method: "refreshToken", refreshToken: 5 }, "method.refreshToken"],
    ["a signal that is none", { method: "refreshToken", refreshToken: secret, signal: {} }, "method.signal"],
    ["too short a time", { method: "browser", openUrl, timeLimitMs: 999 }, "method.timeLimitMs"],
    ["too long a time", { method: "browser", openUrl, timeLimitMs: 3_600_001 }, "method.timeLimitMs"],
    ["an option of another method", { method: "refreshToken", refreshToken: secret, password: secret }, "method.password"],
  ])("that is %s is refused by name, before anything is asked, and without its value", async (_, given, option) => {
    let error: unknown;
    try {
      checkedMethod(given);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining(`\`${option}\``) });
    expect(leaks(error, [secret])).toEqual([]);
    const { process, network } = await setUp();
    await expect(process().accounts.signIn(address, given as never)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    expect(network.hosts).toEqual([]);
  });

  it("comes back as it was given when it fits", () => {
    const { signal } = new AbortController();
    for (const fitting of [
      { method: "browser", openUrl, port: 8400, signal, timeLimitMs: 60_000 },
      { method: "deviceCode", onPrompt: openUrl },
      { method: "password", password: "in the middle", username: "a@b.example", tryAgain: true },
      { method: "refreshToken", refreshToken: "1.AX" },
    ]) {
      expect(checkedMethod(fitting)).toEqual(fitting);
    }
  });

  it("by password is warned about once for the process, with a code to silence it by", async () => {
    // A copy of its own: another file of this process may have been warned already.
    const own = "../../../src/auth/methods/password.js?own";
    const { passwordFlow } = (await import(own)) as typeof import("../../../src/auth/methods/password.js");
    const warned: NodeJS.ErrnoException[] = [];
    const note = (warning: Error) => void warned.push(warning);
    process.on("warning", note);
    const first = once(process, "warning");
    passwordFlow({ method: "password", password: "x" }, address);
    await first;
    passwordFlow({ method: "password", password: "x" }, address);
    const after = once(process, "warning");
    process.emitWarning("the neighbour that would be heard");
    await after;
    process.off("warning", note);
    expect(warned.map(({ name, code }) => code ?? name)).toEqual(["MAIL_DAEMON_PASSWORD_SIGN_IN", "Warning"]);
  });
});
