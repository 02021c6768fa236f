/** The properties that are there and not undefined: what was not said must not hide, or be stored as, something said. */
export function stated<T extends object>(properties: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  const said: { [Name in keyof T]?: Exclude<T[Name], undefined> } = {};
  for (const name of Object.keys(properties) as (keyof T)[]) {
    if (properties[name] !== undefined) said[name] = properties[name] as Exclude<T[keyof T], undefined>;
  }
  return said;
}
