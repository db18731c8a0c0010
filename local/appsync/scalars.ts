import { isIP } from 'node:net';
import { GraphQLError, Kind, print, valueFromASTUntyped } from 'graphql';
import type { GraphQLSchema, ValueNode } from 'graphql';
import { isJson } from '../json.ts';

/** Reads and writes one AWS scalar. `accepts` judges the wire form; `label` is the end of AppSync's sentence about it. */
interface ScalarRule {
  label: string;
  accepts(value: unknown): boolean;
  parse?(value: unknown): unknown;
  serialize?(value: unknown): unknown;
}

const OFFSET = String.raw`(?:Z|[+-](?:0\d|1[0-8]):[0-5]\d(?::[0-5]\d)?)`;
const TIME = String.raw`(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?`;
const DATE = String.raw`(-?\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])`;
const DATE_PATTERN = new RegExp(`^${DATE}${OFFSET}?$`);
const TIME_PATTERN = new RegExp(`^${TIME}${OFFSET}?$`);
const DATE_TIME_PATTERN = new RegExp(`^${DATE}T${TIME}${OFFSET}$`);
const EMAIL_PATTERN = /^[^\s@]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/;
const PHONE_PATTERN = /^\+?[\d\s().-]{5,20}$/;
const CIDR_PATTERN = /^([^/]+)(?:\/(\d{1,3}))?$/;

function dayExists(match: RegExpExecArray | null): boolean {
  if (match === null) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  return day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

function isText(value: unknown, test: (text: string) => boolean): boolean {
  return typeof value === 'string' && test(value);
}

function isAddress(text: string): boolean {
  const match = CIDR_PATTERN.exec(text);
  const family = isIP(match?.[1] ?? '');
  return family !== 0 && Number(match?.[2] ?? 0) <= (family === 4 ? 32 : 128);
}

/** Formats of the AppSync developer guide, page "scalars"; the labels are those of captured AppSync answers. */
const RULES: Readonly<Record<string, ScalarRule>> = {
  AWSDate: { label: 'a valid date.', accepts: (v) => isText(v, (t) => dayExists(DATE_PATTERN.exec(t))) },
  AWSTime: { label: 'a valid time.', accepts: (v) => isText(v, (t) => TIME_PATTERN.test(t)) },
  AWSDateTime: {
    label: 'a valid DateTime Object.',
    accepts: (v) => isText(v, (t) => dayExists(DATE_TIME_PATTERN.exec(t))),
  },
  AWSTimestamp: { label: 'a valid timestamp.', accepts: (v) => Number.isSafeInteger(v) },
  AWSEmail: { label: 'a valid email address.', accepts: (v) => isText(v, (t) => EMAIL_PATTERN.test(t)) },
  AWSJSON: {
    label: 'valid JSON.',
    accepts: (v) => isText(v, isJson),
    // Resolvers receive an AWSJSON argument already parsed.
    parse: (v): unknown => JSON.parse(v as string),
    serialize: (v) => (isText(v, isJson) ? v : JSON.stringify(v)),
  },
  AWSPhone: { label: 'a valid phone number.', accepts: (v) => isText(v, (t) => PHONE_PATTERN.test(t)) },
  AWSURL: { label: 'a valid URL.', accepts: (v) => isText(v, (t) => URL.canParse(t)) },
  AWSIPAddress: { label: 'a valid IP address.', accepts: (v) => isText(v, isAddress) },
};

/** SDL of the scalars that AppSync adds to every schema. User-defined scalars are not allowed there. */
export const AWS_SCALARS_SDL = Object.keys(RULES)
  .map((name) => `scalar ${name}`)
  .join('\n');

/** True for a scalar that AppSync defines. */
export function isAwsScalar(name: string): boolean {
  return Object.hasOwn(RULES, name);
}

function literalValue(node: ValueNode): unknown {
  return node.kind === Kind.INT ? Number(node.value) : valueFromASTUntyped(node);
}

/**
 * Gives the AWS scalars of a schema built from SDL their validation: `parseValue` and `parseLiteral` refuse a value with
 * `Unable to parse ...`, `serialize` with `Unable to serialize ...`. AWSJSON becomes a parsed value on the way in
 * and a string on the way out.
 */
export function installAwsScalars(schema: GraphQLSchema): void {
  for (const [name, rule] of Object.entries(RULES)) {
    const type = schema.getType(name);
    if (type === undefined) continue;
    const parse = (value: unknown): unknown => {
      if (!rule.accepts(value))
        throw new GraphQLError(`Unable to parse \`${shown(value)}\` as ${rule.label}`);
      return rule.parse === undefined ? value : rule.parse(value);
    };
    Object.assign(type, {
      parseValue: parse,
      parseLiteral: (node: ValueNode) => {
        const composite = node.kind === Kind.OBJECT || node.kind === Kind.LIST;
        const value = composite ? undefined : literalValue(node);
        // The validation rule reports this error as it is, so it has to know its place.
        if (composite || !rule.accepts(value)) {
          throw new GraphQLError(`Unable to parse \`${print(node)}\` as ${rule.label}`, { nodes: node });
        }
        return parse(value);
      },
      serialize: (value: unknown) => {
        if (rule.serialize !== undefined) return rule.serialize(value);
        if (rule.accepts(value)) return value;
        throw new GraphQLError(`Unable to serialize \`${shown(value)}\` as ${rule.label}`);
      },
    });
  }
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
