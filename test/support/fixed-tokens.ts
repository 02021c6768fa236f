/** A token source for tests that are not about tokens: always the same token, and a refusal ends in its own error. */
import type { TokenSource } from "../../src/graph/token.js";

export function fixedTokens(token = "token"): TokenSource {
  return { get: () => Promise.resolve(token), refusedAgain: ({ error }) => Promise.resolve(error) };
}
