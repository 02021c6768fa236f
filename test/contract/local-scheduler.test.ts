/** The scheduler of one process keeps the contract. */
import { systemClock } from "../../src/base/clock.js";
import { createLocalScheduler } from "../../src/schedule/local.js";
import { describeSchedulerContract } from "./scheduler-contract.js";

describeSchedulerContract("createLocalScheduler", async () => {
  const scheduler = createLocalScheduler({ clock: systemClock });
  await scheduler.open();
  return scheduler;
});
