/** Folders of a simulated mailbox by a path: names with slashes between, from the top; the first may be a well-known name. */
import type { SimulatedFolder, SimulatedMailbox } from "../../../simulator/index.js";

function below(mailbox: SimulatedMailbox, parentId: string | undefined, name: string): SimulatedFolder | undefined {
  const isIt = (one: SimulatedFolder) => one.name.toLowerCase() === name.toLowerCase() || one.wellKnown === name.toLowerCase();
  return mailbox.folders().find((one) => one.parentId === parentId && isIt(one));
}

const topOf = (mailbox: SimulatedMailbox) => mailbox.folders().find(({ parentId }) => parentId === undefined)?.id;

/** The id of the folder, which is made where it is not there, with those above it. */
export function makeFolder(mailbox: SimulatedMailbox, path: string): string | undefined {
  return path.split("/").reduce((parent, name) => below(mailbox, parent, name)?.id ?? mailbox.addFolder(name, parent), topOf(mailbox));
}

/** The id of the folder. Throws an `Error` where it is not there. */
export function folderAt(mailbox: SimulatedMailbox, path: string): string {
  let at = topOf(mailbox);
  for (const name of path.split("/")) {
    at = below(mailbox, at, name)?.id;
    if (at === undefined) throw new Error(`There is no folder "${path}": name it in \`folders\`.`);
  }
  return at as string;
}
