import { isRecord, stringArgument } from './outcome.ts';
import type { Builtin } from './outcome.ts';

/** A DynamoDB attribute value as APPSYNC_JS writes it: numbers stay numbers (`{ N: 10 }`), null is `{ NULL: null }`. */
export type AttributeValue = Record<string, unknown>;

/** Converts any JSON value; lists become `L`, never a set. Undefined and null become `NULL`. */
export function toAttributeValue(value: unknown): AttributeValue {
  if (value === null || value === undefined) return { NULL: null };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: value };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(toAttributeValue) };
  return { M: toAttributeValues(value as Record<string, unknown>) };
}

/** Converts every value of an object; undefined members are left out. */
export function toAttributeValues(values: Record<string, unknown>): Record<string, AttributeValue> {
  const present = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present.map(([name, value]) => [name, toAttributeValue(value)]));
}

const isPresent = (value: unknown): boolean => value !== null && value !== undefined;

/** `util.dynamodb`. All of them answer null for null, except `toDynamoDB` and `toNull`. */
export function dynamoDbBuiltins(): Record<string, Builtin> {
  const as =
    (type: string): Builtin =>
    (value) =>
      isPresent(value) ? { [type]: value } : null;
  return {
    'util.dynamodb.toDynamoDB': toAttributeValue,
    'util.dynamodb.toString': as('S'),
    'util.dynamodb.toStringSet': as('SS'),
    'util.dynamodb.toNumber': as('N'),
    'util.dynamodb.toNumberSet': as('NS'),
    'util.dynamodb.toBinary': as('B'),
    'util.dynamodb.toBinarySet': as('BS'),
    'util.dynamodb.toBoolean': as('BOOL'),
    'util.dynamodb.toNull': () => ({ NULL: null }),
    'util.dynamodb.toList': (value) => (Array.isArray(value) ? { L: value.map(toAttributeValue) } : null),
    'util.dynamodb.toMap': (value) => (isRecord(value) ? { M: toAttributeValues(value) } : null),
    'util.dynamodb.toMapValues': (value) => (isRecord(value) ? toAttributeValues(value) : null),
    'util.dynamodb.toS3Object': (key, bucket, region, version) =>
      isPresent(key)
        ? { S: JSON.stringify({ s3: { key, bucket, region, ...(isPresent(version) ? { version } : {}) } }) }
        : null,
    'util.dynamodb.fromS3ObjectJson': (value) => {
      const parsed: unknown = JSON.parse(stringArgument('util.dynamodb.fromS3ObjectJson', value));
      return isRecord(parsed) ? (parsed.s3 ?? null) : null;
    },
  };
}
