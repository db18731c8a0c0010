/** A DynamoDB attribute value in its JSON form. */
export type AttributeValue = Readonly<Record<string, unknown>>;
/** An item or a key in DynamoDB's JSON form. */
export type AttributeMap = Readonly<Record<string, AttributeValue>>;

/** DynamoDB's JSON to plain JSON, as AppSync gives it to response handlers: sets become lists, binary stays base64. */
export function toPlain(value: AttributeValue): unknown {
  const [type, inner] = Object.entries(value)[0] ?? [];
  switch (type) {
    case 'N':
      return Number(inner);
    case 'NS':
      return (inner as string[]).map(Number);
    case 'NULL':
      return null;
    case 'L':
      return (inner as AttributeValue[]).map(toPlain);
    case 'M':
      return itemToPlain(inner as AttributeMap);
    default:
      return inner ?? null;
  }
}

/** A whole item; null for an absent one. */
export function itemToPlain(item: AttributeMap | undefined): Record<string, unknown> | null {
  if (item === undefined) return null;
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, toPlain(value)]));
}

/** What `util.dynamodb` made, as the wire wants it: numbers are `{N: 10}` there and `{"N":"10"}` on the wire. */
export function toWireValue(value: unknown): AttributeValue {
  const [type, inner] = Object.entries((value ?? {}) as Record<string, unknown>)[0] ?? [];
  switch (type) {
    case 'N':
      return { N: String(inner) };
    case 'NS':
      return { NS: (inner as unknown[]).map(String) };
    case 'NULL':
      return { NULL: true };
    case 'L':
      return { L: (inner as unknown[]).map(toWireValue) };
    case 'M':
      return { M: toWireMap(inner) };
    default:
      return value as AttributeValue;
  }
}

/** A key, an item or a set of expression values for the wire. */
export function toWireMap(values: unknown): AttributeMap {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, toWireValue(value)]));
}

/** Equality of two items on the wire, attribute by attribute, with sets unordered and `ignored` names left out. */
export function sameItem(left: AttributeMap, right: AttributeMap, ignored: ReadonlySet<string>): boolean {
  const names = (item: AttributeMap): string[] => Object.keys(item).filter((name) => !ignored.has(name));
  const own = names(left);
  return (
    own.length === names(right).length &&
    own.every((name) => right[name] !== undefined && canonical(left[name]) === canonical(right[name]))
  );
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (key: string, inner: unknown) => {
    if (key === 'N') return Number(inner);
    if ((key === 'SS' || key === 'NS' || key === 'BS') && Array.isArray(inner))
      return [...(inner as string[])].sort();
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
