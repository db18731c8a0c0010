import {
  getNamedType,
  GraphQLError,
  isEnumType,
  isInputObjectType,
  isInputType,
  isListType,
  isNonNullType,
  typeFromAST,
  valueFromAST,
} from 'graphql';
import type { GraphQLInputType, GraphQLSchema, OperationDefinitionNode, SourceLocation } from 'graphql';
import { requestError } from './errors.ts';
import type { WireError } from './errors.ts';
import { isAwsScalar } from './scalars.ts';

/** Variables after coercion, or AppSync's answer to the first wrong one. */
export type CoercedVariables =
  { ok: true; values: Record<string, unknown> } | { ok: false; error: WireError };

class Mismatch extends Error {}

/**
 * Coerces the raw variables of an operation like AppSync: declared ones only (others are ignored), defaults applied, an
 * omitted optional variable stays absent. Messages: `Variable 'v' has coerced Null value for NonNull type 'T!'` (v is the
 * declared variable, also for a null inside it: aws-appsync-community#406), `Variable 'field' has an invalid value. ...` and
 * `The variables input contains a field name 'x' that is not defined for input object type 'T'`.
 */
export function coerceVariables(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  raw: Readonly<Record<string, unknown>>,
): CoercedVariables {
  const values: Record<string, unknown> = {};
  for (const definition of operation.variableDefinitions ?? []) {
    const name = definition.variable.name.value;
    const type = typeFromAST(schema, definition.type);
    if (!isInputType(type)) continue;
    try {
      if (raw[name] === undefined) {
        if (definition.defaultValue !== undefined) values[name] = valueFromAST(definition.defaultValue, type);
        else if (isNonNullType(type)) throw nullMismatch(name, type);
      } else {
        values[name] = coerce(raw[name], type, name, name);
      }
    } catch (cause) {
      if (!(cause instanceof Mismatch)) throw cause;
      const at: SourceLocation[] = definition.loc
        ? [{ line: definition.loc.startToken.line, column: definition.loc.startToken.column }]
        : [];
      return { ok: false, error: requestError(cause.message, at) };
    }
  }
  return { ok: true, values };
}

function nullMismatch(variable: string, type: GraphQLInputType): Mismatch {
  return new Mismatch(`Variable '${variable}' has coerced Null value for NonNull type '${String(type)}'`);
}

function coerce(value: unknown, type: GraphQLInputType, variable: string, field: string): unknown {
  if (isNonNullType(type)) {
    if (value === null || value === undefined) throw nullMismatch(variable, type);
    return coerce(value, type.ofType, variable, field);
  }
  if (value === null || value === undefined) return null;
  if (isListType(type)) {
    const items = Array.isArray(value) ? value : [value];
    return items.map((item) => coerce(item, type.ofType, variable, field));
  }
  if (isInputObjectType(type)) return coerceObject(value, type, variable, field);
  try {
    return type.parseValue(value);
  } catch (cause) {
    if (!(cause instanceof GraphQLError)) throw cause;
    if (isEnumType(type)) {
      throw new Mismatch(
        `Variable '${field}' has an invalid value. Invalid input for Enum '${type.name}'. No value found for name '${typeof value === 'string' ? value : JSON.stringify(value)}'`,
      );
    }
    const reason = isAwsScalar(type.name)
      ? cause.message
      : `Expected type '${getNamedType(type).name}' but was '${javaTypeOf(value)}'.`;
    throw new Mismatch(`Variable '${field}' has an invalid value. ${reason}`);
  }
}

function coerceObject(
  value: unknown,
  type: Extract<GraphQLInputType, { getFields(): unknown }>,
  variable: string,
  field: string,
): Record<string, unknown> {
  if (typeof value !== 'object' || Array.isArray(value) || value === null) {
    throw new Mismatch(
      `Variable '${field}' has an invalid value. Expected type 'Map' but was '${javaTypeOf(value)}'. Variables for input objects must be an instance of type 'Map'.`,
    );
  }
  const given = value as Record<string, unknown>;
  const fields = type.getFields();
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(fields, name)) {
      throw new Mismatch(
        `The variables input contains a field name '${name}' that is not defined for input object type '${type.name}' `,
      );
    }
  }
  const result: Record<string, unknown> = {};
  for (const [name, definition] of Object.entries(fields)) {
    const inner = given[name];
    if (inner !== undefined) result[name] = coerce(inner, definition.type, variable, name);
    else if (definition.defaultValue !== undefined) result[name] = definition.defaultValue;
    else if (isNonNullType(definition.type)) throw nullMismatch(variable, definition.type);
  }
  return result;
}

function javaTypeOf(value: unknown): string {
  if (typeof value === 'string') return 'String';
  if (typeof value === 'boolean') return 'Boolean';
  if (typeof value === 'number') return Number.isInteger(value) ? 'Integer' : 'Double';
  return Array.isArray(value) ? 'ArrayList' : 'LinkedHashMap';
}
