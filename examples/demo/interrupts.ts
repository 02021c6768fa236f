/**
 * Ctrl-C and its relatives, as two promises.
 * Invariant: nothing is done here; the story decides what an interrupt means. Knows no process and no screen.
 */

export interface Interrupts {
  /** Resolves at the first Ctrl-C when it is asked to end gently; never otherwise. */
  readonly ending: Promise<void>;
  /** Resolves with the exit code when all has to end at once. */
  readonly aborted: Promise<number>;
}

/** npm passes a Ctrl-C on that the terminal has sent already; what comes within this many milliseconds is the same one. */
const sameMs = 500;

/** Listens from now on until the process ends. `gentle`: the first Ctrl-C asks for a gentle end, the second ends at once. */
export function watchInterrupts({ gentle }: { readonly gentle: boolean }): Interrupts {
  let end: () => void = () => undefined;
  let abort: (exitCode: number) => void = () => undefined;
  const ending = new Promise<void>((resolve) => {
    end = resolve;
  });
  const aborted = new Promise<number>((resolve) => {
    abort = resolve;
  });
  /** When the first Ctrl-C came; absent before. */
  let endingSince: number | undefined;

  process.on("SIGINT", () => {
    const now = Date.now();
    if (gentle) endingSince ??= now;
    if (endingSince !== undefined && now - endingSince < sameMs) end();
    else abort(130);
  });
  process.on("SIGTERM", () => abort(143));
  process.on("SIGHUP", () => abort(129));
  // A reader that has gone (`npm start | head`) ends the show as a closed terminal does.
  process.stdout.on("error", () => abort(141));
  return { ending, aborted };
}
