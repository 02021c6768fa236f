/**
 * Whether two challenges ask for the same. The queues of one account meet one demand each by itself, and the texts may
 * differ by blanks, as Microsoft's own samples do: one renewal answers them all.
 */

/** JSON texts; empty: no claims. */
export function sameClaims(one: string | undefined, other: string | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && plain(one) === plain(other));
}

function plain(claims: string): string {
  try {
    return JSON.stringify(JSON.parse(claims));
  } catch {
    // No JSON is the same as itself only.
    return claims;
  }
}
