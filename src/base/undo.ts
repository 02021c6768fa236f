/** A last-in-first-out list of undo steps: a shutdown runs them all, also when one throws. */

export interface Undo {
  /** Remembers a step; the newest runs first. */
  push(step: () => unknown): void;
  /** Runs and forgets every step; throws the first error after all have run. Empty afterwards. */
  run(): Promise<void>;
}

export function createUndo(): Undo {
  const steps: (() => unknown)[] = [];
  return {
    push: (step) => void steps.push(step),
    async run() {
      const errors: unknown[] = [];
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}
