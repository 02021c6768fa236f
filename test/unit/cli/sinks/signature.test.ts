/** Signatures as Standard Webhooks has them, and the secrets that make them. */
import { expect, it, test } from "vitest";
import { signatureOf, signingSecrets } from "../../../../src/cli/sinks/signature.js";
import { rejected } from "../../../support/rejection.js";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const other = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

test("the published vector of Standard Webhooks has its signature", () => {
  const signable = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1614265330, body: '{"test": 2432232314}' };
  expect(signatureOf(signable, signingSecrets(secret, "S"))).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});

it("gives one signature for each secret, with a space between", () => {
  const signable = { id: "msg_1", timestamp: 1, body: "{}" };
  const [first, second] = [secret, other].map((one) => signatureOf(signable, signingSecrets(one, "S")));
  expect(signatureOf(signable, signingSecrets(` ${secret}  ${other}\n`, "S"))).toBe(`${first} ${second}`);
});

test.each([
  ["nothing", undefined],
  ["an empty text", " "],
  ["no prefix", secret.slice(6)],
  ["too few bytes", `whsec_${Buffer.alloc(23, 1).toString("base64")}`],
  ["too many bytes", `whsec_${Buffer.alloc(65, 1).toString("base64")}`],
  ["what is no base64", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS!"],
  ["a good one and a bad one", `${secret} letmein`],
])("%s is refused, naming the variable and how to make a secret, without repeating it", async (_, text) => {
  const secrets = (text ?? "").split(" ").filter((word) => word !== "");
  const error = await rejected(
    Promise.resolve().then(() => signingSecrets(text, "MAIL_WEBHOOK_SECRET")),
    { secrets },
  );
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.message).toContain("MAIL_WEBHOOK_SECRET");
  expect(error.message).toContain("openssl rand -base64 32");
});
