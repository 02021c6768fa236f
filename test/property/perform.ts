/** Carries one command of a script out in a world. Knows no daemon but the one that runs. */
import type { Fault, RouteName } from "../../simulator/index.js";
import { MailError } from "../../src/base/errors.js";
import type { Account } from "./account.js";
import type { Command, Trouble } from "./script.js";
import { folders, type World } from "./world.js";

type Of<Name extends Command["do"]> = Extract<Command, { do: Name }>;

const dayMs = 86_400_000;
const mailboxRoutes: RouteName[] = ["delta", "batch", "message", "patch", "move"];

/** What others do, whether a daemon runs or not. */
const ofOthers: ReadonlySet<Command["do"]> = new Set(["deliver", "move", "remove", "change", "forget", "trouble", "fill disk"]);

export async function perform(world: World, command: Command): Promise<void> {
  if (!ofOthers.has(command.do)) await world.start();
  switch (command.do) {
    case "deliver":
      return deliver(world, command);
    case "move":
    case "remove":
    case "change":
      return touch(world, command);
    case "forget":
      return world.sim.mailbox(world.address(command.queue)).forgetSyncStates();
    case "poll":
      return poll(world, command);
    case "pause":
    case "resume":
      return hold(world, command);
    case "stop":
      return world.stop(command.deadlineMs);
    case "crash":
      return world.arm(command.fuse);
    case "kill":
      return world.kill();
    case "freeze":
      return world.freeze(command.forMs, command.takeOver);
    case "trouble":
      world.sim.faults.add({
        name: command.trouble.kind,
        mailbox: world.address(command.queue),
        count: command.count,
        after: command.after,
        ...faultOf(command.trouble),
      });
      return;
    case "fill disk":
      return world.fillDisk(command.count);
    case "wait":
      return world.pass(command.ms);
  }
}

function deliver(world: World, { queue, folder, count, old, read, conversation, plan }: Of<"deliver">): void {
  const address = world.address(queue);
  const mailbox = world.sim.mailbox(address);
  for (let number = 0; number < count; number += 1) {
    const subject = `mail ${world.witness.accounts.size}`;
    const id = mailbox.deliver(
      {
        subject,
        isRead: read,
        ...(old ? { receivedAt: world.now() - dayMs } : {}),
        ...(conversation === undefined ? {} : { conversationId: `conversation ${conversation}` }),
      },
      folders[folder],
    );
    const { conversationId, receivedAt } = mailbox.message(id)!;
    const isOldMail = old && read && world.processes.length === 1;
    world.witness.arrived({
      id,
      queue: address,
      folder: folders[folder],
      subject,
      conversationId,
      receivedAt,
      isRead: read,
      isOldMail,
      plan,
    });
  }
}

function touch({ sim, witness }: World, command: Of<"move" | "remove" | "change">): void {
  const present = [...witness.accounts.values()].filter(({ place }) => place !== undefined);
  const account: Account | undefined = present[command.pick % present.length];
  if (!account) return;
  const mailbox = sim.mailbox(account.queue);
  if (command.do === "remove") {
    mailbox.remove(account.id);
    witness.removed(account);
  } else if (command.do === "move") {
    mailbox.move(account.id, folders[command.to]);
    witness.moved(account, folders[command.to]);
  } else {
    const { do: _, pick: __, ...change } = command;
    mailbox.update(account.id, change);
    witness.changed(account, change);
  }
}

function poll(world: World, { queue }: Of<"poll">): void {
  world
    .running()
    ?.daemon.pollNow(world.address(queue))
    .then(
      () => world.witness.note("polled on demand"),
      (error: unknown) => {
        if (error instanceof MailError && /^(GRAPH|AUTH|SYNC|STORE|LIFECYCLE)_/.test(error.code)) return;
        world.witness.violated(`pollNow failed: ${String(error)}`);
      },
    );
}

async function hold(world: World, { do: what, queue }: Of<"pause" | "resume">): Promise<void> {
  const process = world.running();
  if (!process) return;
  const address = world.address(queue);
  if (what === "resume") {
    world.witness.resumed(process.name, address);
    await world.drive(process, process.daemon.resume(address), 1_000);
  } else {
    await world.drive(process, process.daemon.pause(address), 1_000);
    world.witness.paused(process.name, address);
  }
}

function faultOf(trouble: Trouble): Partial<Fault> {
  switch (trouble.kind) {
    case "throttled":
      return { route: mailboxRoutes, status: 429, ...(trouble.retryAfter === undefined ? {} : { retryAfter: trouble.retryAfter }) };
    case "unavailable": {
      const { status, effect, retryAfter } = trouble;
      return { route: mailboxRoutes, status, effect, ...(retryAfter === undefined ? {} : { retryAfter }) };
    }
    case "dropped":
      return { route: mailboxRoutes, dropSocket: trouble.when };
    case "cut":
      return { route: ["delta", "batch"], truncate: trouble.keep };
    case "not found":
      return { route: "message", status: 404, body: { error: { code: "ErrorItemNotFound", message: "Not there yet." } } };
    case "conflict":
      return { route: "patch", status: 412, body: { error: { code: "ErrorIrresolvableConflict", message: "Changed meanwhile." } } };
    case "token refused":
      return { route: "delta", status: 401, body: { error: { code: "InvalidAuthenticationToken", message: "Refused." } } };
  }
}
