import { getNamedType, GraphQLError, isEnumType, isObjectType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { FieldError, messageOf, rootCause, slashPath, toWireLocation } from './errors.ts';
import type { WireError } from './errors.ts';
import type { LogLine } from './ports.ts';

const NULL_HOLE = /^Cannot return null for non-nullable field (\w+)\.(\w+)\.$/;
const NO_LIST = /^Expected Iterable/;

/**
 * An execution error in AppSync's shape. Raised errors carry path, data, errorType, errorInfo, locations; nulls and values that do
 * not fit carry `locations: null`. Anything else is a defect of the local stack: it is logged and answered as InternalFailure.
 */
export function toWireError(error: GraphQLError, schema: GraphQLSchema, log: LogLine): WireError {
  const path = error.path ?? [];
  const cause = rootCause(error);
  if (cause instanceof FieldError) {
    return {
      path,
      data: cause.data,
      errorType: cause.errorType,
      errorInfo: cause.errorInfo,
      locations: (error.locations ?? []).map(toWireLocation),
      message: cause.message,
    };
  }
  const at = slashPath(path);
  const hole = NULL_HOLE.exec(error.message);
  if (hole !== null) {
    const [, parentName = '', fieldName = ''] = hole;
    const parent = schema.getType(parentName);
    const type = isObjectType(parent) ? parent.getFields()[fieldName]?.type : undefined;
    const typeName = type === undefined ? '' : getNamedType(type).name;
    return {
      path,
      locations: null,
      message: `Cannot return null for non-nullable type: '${typeName}' within parent '${parentName}' (${at})`,
    };
  }
  if (NO_LIST.test(error.message)) {
    return {
      path,
      locations: null,
      message: `Can't resolve value (${at}) : type mismatch error, expected type LIST`,
    };
  }
  if (cause instanceof GraphQLError) {
    return {
      path,
      locations: null,
      message: `Can't serialize value (${at}) : ${serializationText(cause, schema)}`,
    };
  }
  log(`internal failure at ${at}: ${messageOf(cause)}`);
  return {
    path,
    data: null,
    errorType: 'InternalFailure',
    errorInfo: null,
    locations: (error.locations ?? []).map(toWireLocation),
    message: 'Internal Failure',
  };
}

function serializationText(error: GraphQLError, schema: GraphQLSchema): string {
  const match = /^Enum "(\w+)" cannot represent value: "?(.*?)"?$/.exec(error.message);
  const name = match?.[1] ?? '';
  if (!isEnumType(schema.getType(name))) return error.message;
  return `Invalid input for Enum '${name}'. Unknown value '${match?.[2] ?? ''}'`;
}
