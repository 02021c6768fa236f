/**
 * A host's process inside one session of the operating system: does what its one parameter asks for, with the package as it
 * is installed beside `@azure/msal-node-extensions`, and prints one line of JSON. Knows nothing of what the test expects.
 */
import { createHash } from "node:crypto";
import { inspect } from "node:util";

/**
 * @typedef {import("../../src/index.js").VaultKeyInput} VaultKeyInput
 * @typedef {import("../../src/index.js").KeychainOptions} KeychainOptions
 * @typedef {import("../../src/auth/vault-record.js").VaultRecord} VaultRecord
 * @typedef {{ readonly installed: string, readonly options?: KeychainOptions } & (
 *   | { readonly is: "save", readonly keys: readonly VaultKeyInput[] }
 *   | { readonly is: "load", readonly times: number }
 *   | { readonly is: "seal", readonly storePath: string, readonly account: string, readonly record: VaultRecord }
 *   | { readonly is: "open", readonly storePath: string, readonly account: string }
 *   | { readonly is: "start" }
 * )} Task  `installed` is the address of the folder of the installed package
 */

/** @type {Task} */
const task = JSON.parse(process.argv[2] ?? "{}");
/** @param {string} path @returns {Promise<any>} */
const installed = (path) => import(new URL(path, task.installed).href);

/** @type {typeof import("../../src/index.js")} */
const { createMailDaemon, keychainKeys, lmdbStore, memoryStore } = await installed("dist/src/index.js");
const keys = keychainKeys(task.options);

/** @param {Uint8Array} key what a key is known by in an answer */
const fingerprint = (key) => createHash("sha256").update(key).digest("base64");

async function load(/** @type {number} */ times) {
  const rings = await Promise.all(Array.from({ length: times }, () => keychainKeys(task.options).load()));
  return rings.map((ring) => ring.map(({ id, key }) => `${id} ${fingerprint(key)}`));
}

/** @template T @param {string} storePath @param {(vault: import("../../src/auth/vault.js").Vault) => Promise<T>} work */
async function withVault(storePath, work) {
  /** @type {typeof import("../../src/auth/vault.js")} */
  const { createVault } = await installed("dist/src/auth/vault.js");
  const store = lmdbStore(storePath);
  await store.open();
  try {
    return await work(createVault({ store, keys }));
  } finally {
    await store.close();
  }
}

async function start() {
  const daemon = createMailDaemon({
    app: { clientId: "11111111-1111-4111-8111-111111111111", tenantId: "contoso.com" },
    queues: [{ address: "support@contoso.com" }],
    store: memoryStore(),
    vaultKeys: keys,
    handler: () => Promise.resolve(),
  });
  try {
    await daemon.start();
    return daemon.status().state;
  } finally {
    await daemon.stop();
  }
}

/** @returns {Promise<unknown>} */
function perform() {
  switch (task.is) {
    case "save":
      return keys.save(task.keys);
    case "load":
      return load(task.times);
    case "seal":
      return withVault(task.storePath, (vault) => vault.write(task.account, task.record, null));
    case "open":
      return withVault(task.storePath, (vault) => vault.read(task.account));
    case "start":
      return start();
  }
}

const answer = await perform().then(
  (value) => ({ value }),
  ({ code, message, remedy, ...error }) => ({ error: { code, message, remedy }, shown: inspect({ ...error, message }, { depth: 9 }) }),
);
console.log(JSON.stringify(answer));
