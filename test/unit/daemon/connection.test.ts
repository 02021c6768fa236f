/** When the vault lets a daemon start: as long as there is no record, or one opens. */
import { expect, test } from "vitest";
import type { Vault } from "../../../src/auth/vault.js";
import { MailError, type MailErrorCode } from "../../../src/base/errors.js";
import { assertVaultOpens } from "../../../src/daemon/connection.js";
import { queueSettings } from "../../../src/daemon/options.js";

/** What reading each account's record gives. */
function vaultOf(records: Readonly<Record<string, "opens" | "none" | MailErrorCode>>, asked: string[] = []): Vault {
  const read = async (account: string) => {
    asked.push(account);
    const found = records[account] ?? "none";
    if (found === "none") return undefined;
    if (found === "opens") return {};
    throw new MailError(found, `The record of ${account}.`);
  };
  return { read } as never;
}

const queues = ["a@contoso.com", "b@contoso.com", "c@contoso.com"].map((address) => queueSettings({ address }, {}));

test.each([
  ["there is no record at all", {}],
  ["every record opens", { "a@contoso.com": "opens", "b@contoso.com": "opens" }],
  ["one opens and the others do not", { "a@contoso.com": "AUTH_VAULT_TAMPERED", "c@contoso.com": "opens" }],
] as const)("the start goes on when %s", async (_, records) => {
  await assertVaultOpens(vaultOf(records), queues);
});

test("the start fails with the first reason when there are records and none opens", async () => {
  const records = { "b@contoso.com": "AUTH_VAULT_KEY_UNKNOWN", "c@contoso.com": "AUTH_VAULT_TAMPERED" } as const;
  await expect(assertVaultOpens(vaultOf(records), queues)).rejects.toMatchObject({ code: "AUTH_VAULT_KEY_UNKNOWN" });
});

test("a store that fails is no verdict on the records", async () => {
  const records = { "a@contoso.com": "STORE_UNAVAILABLE", "b@contoso.com": "opens" } as const;
  await expect(assertVaultOpens(vaultOf(records), queues)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

test("the record of a shared mailbox is that of the account that opens it", async () => {
  const asked: string[] = [];
  await assertVaultOpens(vaultOf({}, asked), [queueSettings({ address: "shared@contoso.com", account: "service@contoso.com" }, {})]);
  expect(asked).toEqual(["service@contoso.com"]);
});
