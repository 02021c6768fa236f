/** What happened in a world, in order, and what of it broke a promise. Judges nothing itself. */

export type Chronicle = ReturnType<typeof createChronicle>;

export function createChronicle(now: () => number) {
  const violations: string[] = [];
  /** How often each thing worth having happened; a property that never sees them proves nothing. */
  const seen = new Map<string, number>();
  const lines: { readonly at: number; readonly what: readonly unknown[] }[] = [];

  function happened(...what: readonly unknown[]): void {
    lines.push({ at: now(), what });
  }

  return {
    seen,
    happened,
    violated(what: string): void {
      violations.push(`${timeOf(now())} ${what}`);
      happened("BROKEN", what);
    },
    note(what: string): void {
      seen.set(what, (seen.get(what) ?? 0) + 1);
    },
    /** Throws with every promise that was broken so far. */
    assertKept(): void {
      if (violations.length > 0) throw new Error(`Broken:\n${violations.join("\n")}`);
    },
    /** All of it as lines of text. */
    story: () =>
      lines.map(({ at, what }) => `${timeOf(at)} ${what.map((one) => (typeof one === "string" ? one : JSON.stringify(one))).join(" ")}`),
  };
}

const timeOf = (at: number) => new Date(at).toISOString().slice(11, 23);
