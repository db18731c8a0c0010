/** Rows a group takes. */
export const GROUP_SIZE = 16;

/** Neighbouring rows under a name. */
export interface Group {
  readonly name: string;
  readonly keys: readonly string[];
}

/**
 * Puts a list of keys into groups of neighbours, in order, at most 16 in one that is made here. A key stays in the group
 * where it was before, so that rows keep their place in the tree (and their DOM) when others are added before or after
 * them; only one that moved past another group changes its own. Names are unique.
 */
export function regrouped(previous: readonly Group[], keys: readonly string[]): readonly Group[] {
  const groupOf = new Map(previous.flatMap(({ name, keys: members }) => members.map((key) => [key, name])));
  const taken = new Set(groupOf.values());
  const groups: { name: string; keys: string[] }[] = [];
  const closed = new Set<string>();
  const begin = (name: string, key: string) => {
    const last = groups.at(-1);
    if (last) closed.add(last.name);
    groups.push({ name, keys: [key] });
  };
  for (const key of keys) {
    const last = groups.at(-1);
    const own = groupOf.get(key);
    const isAtHome = own !== undefined && !closed.has(own);
    if (isAtHome && own === last?.name) last.keys.push(key);
    else if (isAtHome) begin(own, key);
    else if (last && last.keys.length < GROUP_SIZE) last.keys.push(key);
    else begin(unusedName(key, taken), key);
  }
  return groups;
}

/** A group is named by the key it begins with, unless an earlier group has that name. */
function unusedName(key: string, taken: Set<string>): string {
  let name = key;
  while (taken.has(name)) name += "'";
  taken.add(name);
  return name;
}
