/** An optional package (a peer) that is loaded when it is used and not before. */
import { ConfigError } from "./errors.js";

export interface OptionalPackage {
  readonly name: string;
  /** What of ours needs it. */
  readonly neededBy: string;
  /** What a person does who has it not. */
  readonly remedy: string;
}

/** @throws ConfigError `CONFIG_PACKAGE_MISSING` when `load` throws, as `require` does */
export function loadedPackage<Library>({ name, neededBy, remedy }: OptionalPackage, load: () => Library): Library {
  try {
    return load();
  } catch (cause) {
    const { code, message } = Object(cause) as { code?: unknown; message?: unknown };
    const isAbsent = code === "MODULE_NOT_FOUND" && String(message).includes(`'${name}'`);
    throw new ConfigError(
      "CONFIG_PACKAGE_MISSING",
      isAbsent
        ? `${neededBy} needs the package ${name}, which is not installed.`
        : `The package ${name} is installed, but cannot be loaded on Node ${process.versions.node}.`,
      { cause, who: "developer", remedy },
    );
  }
}
