/**
 * Tells when everything has come to rest that does not wait for (virtual) time: requests in the simulator, cryptography
 * and files on other threads, promises. Only what is tracked, what `crypto.subtle` does and Node's own list of file
 * requests are known; the rest settles within a turn of the event loop.
 *
 * What other threads do for `crypto.subtle` is answered one by one, in the order of asking, and only once all else is at
 * rest: so the same script takes the same course every time. Without `quiet` it is never answered.
 */

export interface PendingWork {
  /** Counts the work until it settles; gives it back. */
  track<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is under way and a whole turn of the event loop brought nothing new. */
  quiet(): Promise<void>;
  /** Lets the cryptography go again. */
  close(): void;
}

/** What is sealed and opened with. */
const watched = ["importKey", "encrypt", "decrypt"] as const;

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
const readsFiles = () => process.getActiveResourcesInfo().some((kind) => kind === "FSReqPromise" || kind === "CloseReq");

export function createPendingWork(): PendingWork {
  let underWay = 0;
  /** Rises with each beginning and each end. */
  let events = 0;
  /** Answers of other threads to be given, oldest first. */
  const answers: (() => Promise<void>)[] = [];

  function inOrder<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined); // It has not been waited for yet when it fails.
    return new Promise((resolve, reject) => {
      answers.push(() => work.then(resolve, reject));
      events += 1;
    });
  }

  async function localQuiet(): Promise<void> {
    for (let before = -1; before !== events || underWay > 0 || readsFiles(); ) {
      before = events;
      await nextTurn();
    }
  }

  const subtle = crypto.subtle as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
  for (const name of watched) {
    const real = subtle[name]!.bind(crypto.subtle);
    Object.defineProperty(subtle, name, { value: (...given: unknown[]) => inOrder(real(...given)), configurable: true, writable: true });
  }

  return {
    track(work) {
      underWay += 1;
      events += 1;
      const done = () => {
        underWay -= 1;
        events += 1;
      };
      work.then(done, done);
      return work;
    },
    async quiet() {
      for (;;) {
        await localQuiet();
        const answer = answers.shift();
        if (!answer) return;
        await answer();
      }
    },
    close() {
      // Its own properties hid those of the prototype.
      for (const name of watched) delete subtle[name];
    },
  };
}
