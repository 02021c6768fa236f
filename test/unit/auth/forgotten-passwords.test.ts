import { expect, it } from "vitest";
import { createSpentPasswords } from "../../../src/auth/spent-passwords.js";
import { MailError } from "../../../src/base/errors.js";
import { rejected } from "../../support/rejection.js";
import { address, password, setUp } from "./set-up.js";

it("a sign-in that works forgets every password that was refused before", async () => {
  const { process, network, store, tokenRequests } = await setUp();
  const { accounts } = process();
  const attempt = (tried: string) => accounts.signIn(address, { method: "password", password: tried });
  const wrong = ["wrong horse battery", "wronger horse battery"];
  for (const one of wrong) await rejected(attempt(one), network);
  for (const one of wrong) expect((await rejected(attempt(one), network)).message).toContain("not tried again");
  expect(tokenRequests()).toBe(2);
  await attempt(password);
  expect(await store.list({ prefix: ["refused-passwords"], limit: 10 })).toEqual([]);
  // The account's password may be one of them by now.
  for (const one of wrong) expect((await rejected(attempt(one), network)).message).not.toContain("not tried again");
  expect(tokenRequests()).toBe(5);
  await attempt(password);
  expect(tokenRequests()).toBe(6);
});

it("the ten passwords refused last are known, and the one before them is not", async () => {
  const { process } = await setUp();
  const spent = createSpentPasswords(process().vault.refusedPasswords);
  const begin = (tried: string) => spent.begin({ username: address, password: tried, tryAgain: false });
  // Looked for among those before, which takes long for each, only where that is asked.
  const refuse = async (tried: string) => {
    const attempt = await spent.begin({ username: address, password: tried, tryAgain: true });
    await attempt.refused(new MailError("AUTH_SIGN_IN_REQUIRED", `${tried} is wrong.`));
  };
  for (let number = 1; number <= 10; number += 1) await refuse(`guess ${number}`);
  expect((await rejected(begin("guess 1"))).message).toContain("guess 1 is wrong.");
  await refuse("guess 11");
  for (const kept of ["guess 11", "guess 2"]) expect((await rejected(begin(kept))).message).toContain(`${kept} is wrong.`);
  await (await begin("guess 1")).untried();
});
