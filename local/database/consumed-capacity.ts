const CONSUMED = /,?"ConsumedCapacity":(?:\{"CapacityUnits":[^{}]*\}|\[\{"CapacityUnits":[^\]]*\])/;
const UNITS = /"CapacityUnits":([\d.]+),"TableName":"([^"]+)"/g;

const READS: ReadonlySet<string> = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan']);
const WRITES: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem', 'BatchWriteItem']);

/** What one operation on one table, or on one partition of it, has consumed so far. */
export interface ConsumedUnits {
  table: string;
  /** The partition key value; undefined for what cannot be put down to one partition. */
  partition?: string;
  operation: string;
  requests: number;
  /** Of the requests, those refused because their condition did not hold. */
  conditionFailures: number;
  readUnits: number;
  writeUnits: number;
}

/** One answered request. */
export interface AnsweredRequest {
  operation: string;
  tables: readonly string[];
  partition: string | undefined;
}

/**
 * Adds up capacity units by table, partition and operation.
 *
 * Units are dynalite's own, by item size: 1 KB a write, 4 KB a strongly consistent read, half for an eventually consistent one.
 * Not in them: writes to indexes, and the size of the stored item when a condition fails (counted as one unit).
 */
export interface CapacityCounter {
  count(request: AnsweredRequest, status: number, body: string): void;
  snapshot(): ConsumedUnits[];
}

/** Beyond this the partition idle longest is added up with others: a counter must not grow with the data. */
const MAX_PARTITIONS = 2_000;

/** Creates a counter at zero. */
export function createCapacityCounter(): CapacityCounter {
  /** By operation; least recently used first. */
  const partitions = new Map<string, Map<string, ConsumedUnits>>();
  const others = new Map<string, Map<string, ConsumedUnits>>();
  const entryOf = (table: string, partition: string | undefined, operation: string): ConsumedUnits => {
    const key = JSON.stringify([table, partition]);
    const group = partition === undefined ? others : partitions;
    const entries = group.get(key) ?? new Map<string, ConsumedUnits>();
    // Set anew, so that it moves to the end.
    group.delete(key);
    group.set(key, entries);
    const entry = entries.get(operation) ?? zero(table, partition, operation);
    entries.set(operation, entry);
    if (partitions.size > MAX_PARTITIONS) foldIdlest();
    return entry;
  };
  const foldIdlest = (): void => {
    for (const [key, entries] of partitions) {
      partitions.delete(key);
      for (const entry of entries.values()) {
        const sum = entryOf(entry.table, undefined, entry.operation);
        sum.requests += entry.requests;
        sum.conditionFailures += entry.conditionFailures;
        sum.readUnits += entry.readUnits;
        sum.writeUnits += entry.writeUnits;
      }
      return;
    }
  };

  return {
    count({ operation, tables, partition }, status, body) {
      const hasFailedCondition = status === 400 && body.includes('#ConditionalCheckFailedException"');
      if (status !== 200 && !hasFailedCondition) return;
      const units = new Map([...body.matchAll(UNITS)].map(([, count, table = '']) => [table, Number(count)]));
      for (const table of tables) {
        const entry = entryOf(table, partition, operation);
        const consumed = hasFailedCondition ? 1 : (units.get(table) ?? 0);
        entry.requests += 1;
        if (hasFailedCondition) entry.conditionFailures += 1;
        if (READS.has(operation)) entry.readUnits += consumed;
        else entry.writeUnits += consumed;
      }
    },
    snapshot: () =>
      [...others.values(), ...partitions.values()].flatMap((entries) =>
        [...entries.values()].map((entry) => ({ ...entry })),
      ),
  };
}

function zero(table: string, partition: string | undefined, operation: string): ConsumedUnits {
  return { table, partition, operation, requests: 0, conditionFailures: 0, readUnits: 0, writeUnits: 0 };
}

/** Whether an operation consumes capacity, so that `askForCapacity` makes sense. */
export function consumesCapacity(operation: string): boolean {
  return READS.has(operation) || WRITES.has(operation);
}

/** Whether an operation writes items. */
export function isWrite(operation: string): boolean {
  return WRITES.has(operation);
}

/** Makes the body of a request that does not mention its capacity ask for it. Goes by text, because a second JSON.stringify of every item would cost more. */
export function askForCapacity(body: string): string {
  const rest = body.slice(body.indexOf('{') + 1);
  return `{"ReturnConsumedCapacity":"TOTAL"${rest.trimStart().startsWith('}') ? '' : ','}${rest}`;
}

/**
 * Takes the capacity out of an answer again that did not ask for it.
 *
 * The match is unambiguous: in stored items a quote inside text is escaped, and an attribute's value is an object whose only key
 * is its type.
 */
export function withoutCapacity(body: string): string {
  return body.replace(CONSUMED, '').replace(/^\{,/, '{');
}
