/** A process whose one account has just been signed in, its network log and its events empty again. */
import { address, setUp } from "./set-up.js";

export async function signedIn(options: Parameters<typeof setUp>[0] = {}) {
  const world = await setUp(options);
  const process = world.process();
  const signIn = () => process.accounts.signIn(address, { method: "refreshToken", refreshToken: world.user.issueRefreshToken() });
  await signIn();
  world.simulator.log.clear();
  process.events.length = 0;
  return { ...world, ...process, signIn };
}
