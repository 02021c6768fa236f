/**
 * What happens in the mailboxes and when: mail at uneven rates, some of it in conversations; one throttled mailbox; waves.
 * Invariant: the same seed and length give the same script. Knows no process and no clock.
 */
import { type Customer, customers, subjects, waveSubjects } from "./mail-texts.js";
import type { DemoQueue } from "./queues.js";
import { createRandom } from "./random.js";

/** A mail to be put into a mailbox. */
export interface ScriptedMail {
  readonly subject: string;
  readonly from: Customer;
  readonly conversationId: string;
}

/** One thing that happens, counted in milliseconds from the beginning. */
export type Step =
  | { readonly kind: "mail" | "wave"; readonly atMs: number; readonly queue: string; readonly mails: readonly ScriptedMail[] }
  | { readonly kind: "throttle"; readonly atMs: number; readonly queue: string; readonly retryAfterSeconds: number };

export interface ScriptOptions {
  readonly seed: number;
  readonly seconds: number;
  /** Goes on after `seconds`. */
  readonly endless: boolean;
  readonly queues: readonly DemoQueue[];
  /** In order of time. */
  readonly waves: readonly Wave[];
}

/** Many mails that reach a queue at once. */
export interface Wave {
  /** Its time as a share of all seconds, 0 to 1. */
  readonly at: number;
  readonly queue: string;
}

/** Mails a second, on average. */
const rate = 6;
/** Seconds from one rush to the next. */
const rushPeriod = 5;
/** Share of mails that answer an earlier one. */
const replyShare = 0.2;
const waveSize = 9;

/** The steps in order of time. */
export function* mailScript({ seed, seconds, endless, queues, waves }: ScriptOptions): Generator<Step, void> {
  const random = createRandom(seed);
  /** By queue, the newest mails that can still be answered. */
  const answerable = new Map<string, ScriptedMail[]>();
  let conversations = 0;

  function fresh(subject: string): ScriptedMail {
    conversations += 1;
    return { subject, from: random.pick(customers), conversationId: `demo-conversation-${conversations}` };
  }

  function mailFor(queue: string): ScriptedMail {
    const earlier = answerable.get(queue) ?? [];
    const [first] = earlier;
    const answered = first && random.next() < replyShare ? random.pick([first, ...earlier]) : undefined;
    if (answered) return { ...answered, subject: answered.subject.replace(/^(Re: )?/, "Re: ") };
    const mail = fresh(random.pick(subjects[queue] ?? ["Question"]));
    answerable.set(queue, [mail, ...earlier].slice(0, 5));
    return mail;
  }

  function queueByShare(): string {
    let left = random.next();
    const found = queues.find(({ share }) => {
      left -= share;
      return left < 0;
    });
    return (found ?? queues[0])?.address ?? "";
  }

  const wave = ({ at, queue }: Wave): Step => ({
    kind: "wave",
    atMs: seconds * at * 1_000,
    queue,
    mails: Array.from({ length: waveSize }, () => fresh(random.pick(waveSubjects))),
  });
  const throttle: Step = { kind: "throttle", atMs: seconds * 250, queue: "sales@contoso.com", retryAfterSeconds: 1 };
  const specials = [throttle, ...waves.map(wave)].sort((a, b) => a.atMs - b.atMs);
  for (let atMs = 0; ; ) {
    const rush = 1 + 0.8 * Math.sin((2 * Math.PI * atMs) / (rushPeriod * 1_000));
    atMs += (-Math.log(1 - random.next()) * 1_000) / (rate * rush);
    while (specials[0] && specials[0].atMs <= atMs) yield specials.shift() as Step;
    if (atMs > seconds * 1_000 && !endless) return;
    const queue = queueByShare();
    yield { kind: "mail", atMs, queue, mails: [mailFor(queue)] };
  }
}
