import { getOperationAST, Kind, parse, TypeInfo, validate, visit, visitWithTypeInfo } from 'graphql';
import type { DocumentNode, GraphQLSchema, OperationDefinitionNode, GraphQLError } from 'graphql';
import { requestError, RequestRefused } from './errors.ts';
import type { WireError } from './errors.ts';
import { trailTo, VALIDATION_RULES } from './validation-rules.ts';

/** AppSync quota: a query is at most 15,000 tokens long (AppSync endpoints and quotas). */
export const MAX_QUERY_TOKENS = 15_000;
/** Texts kept parsed. Clients send a handful of distinct documents; variables are no part of the key. */
const MAX_CACHED_DOCUMENTS = 500;

/** A parsed text with the verdict of validation; `operation` picks from it by name. */
export interface PreparedDocument {
  readonly text: string;
  readonly document: DocumentNode;
  readonly errors: readonly WireError[];
}

/** Limits on documents that the API declares; absent = none. */
export interface DocumentLimits {
  queryDepthLimit?: number | undefined;
  introspection: boolean;
}

/** Parses and validates each text once. */
export interface Documents {
  /** @throws RequestRefused 400 `Unable to parse GraphQL query.` when the text is no GraphQL. */
  prepare(text: string): PreparedDocument;
}

/** A cache of documents for one schema; a swapped schema needs a new one. */
export function createDocuments(schema: GraphQLSchema, limits: DocumentLimits): Documents {
  const cache = new Map<string, PreparedDocument>();
  return {
    prepare(text) {
      const known = cache.get(text);
      if (known !== undefined) return known;
      const prepared = prepareDocument(text, schema, limits);
      if (cache.size >= MAX_CACHED_DOCUMENTS) cache.delete(cache.keys().next().value ?? '');
      cache.set(text, prepared);
      return prepared;
    },
  };
}

function prepareDocument(text: string, schema: GraphQLSchema, limits: DocumentLimits): PreparedDocument {
  let document: DocumentNode;
  try {
    document = parse(text, { maxTokens: MAX_QUERY_TOKENS });
  } catch {
    throw unparsable();
  }
  if (!document.definitions.some((definition) => definition.kind === Kind.OPERATION_DEFINITION))
    throw unparsable();
  const errors = validate(schema, document, VALIDATION_RULES).map((error) =>
    toValidationError(error, document),
  );
  if (errors.length === 0 && !limits.introspection) errors.push(...introspectionErrors(document, schema));
  const depth = errors.length === 0 ? depthOf(document) : 0;
  if (limits.queryDepthLimit !== undefined && limits.queryDepthLimit > 0 && depth > limits.queryDepthLimit) {
    errors.push({
      ...requestError(`Query depth limit of ${limits.queryDepthLimit} reached`),
      errorType: 'QueryDepthLimitReached',
    });
  }
  return { text, document, errors };
}

function unparsable(): RequestRefused {
  return new RequestRefused(400, 'MalformedHttpRequestException', 'Unable to parse GraphQL query.');
}

/** `Validation error of type FieldUndefined: Field 'x' in type 'T' is undefined @ 'onX/x'`, with AppSync's locations. */
function toValidationError(error: GraphQLError, document: DocumentNode): WireError {
  const { type, text } = error.extensions;
  const node = error.nodes?.[0];
  const fields = node === undefined ? [] : trailTo(document, node).filter((step) => step.kind === Kind.FIELD);
  const at = fields.length === 0 ? '' : ` @ '${fields.map((field) => field.name.value).join('/')}'`;
  return requestError(`Validation error of type ${String(type)}: ${String(text)}${at}`, error.locations);
}

function introspectionErrors(document: DocumentNode, schema: GraphQLSchema): WireError[] {
  const errors: WireError[] = [];
  const typeInfo = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(typeInfo, {
      Field(node) {
        const name = node.name.value;
        if (name !== '__schema' && name !== '__type') return;
        const text = `Validation error of type FieldUndefined: Field '${name}' in type 'Query' is undefined @ '${name}'`;
        errors.push(
          requestError(text, [
            { line: node.loc?.startToken.line ?? 1, column: node.loc?.startToken.column ?? 1 },
          ]),
        );
      },
    }),
  );
  return errors;
}

/** Levels of nested selections; fragments count where they are spread. */
function depthOf(document: DocumentNode): number {
  const fragments = new Map(
    document.definitions.flatMap((definition) =>
      definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
  const measure = (selections: OperationDefinitionNode['selectionSet']): number =>
    Math.max(
      0,
      ...selections.selections.map((selection) => {
        if (selection.kind === Kind.FIELD)
          return 1 + (selection.selectionSet ? measure(selection.selectionSet) : 0);
        const inner =
          selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        return inner === undefined ? 0 : measure(inner.selectionSet);
      }),
    );
  return Math.max(
    0,
    ...document.definitions.map((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? measure(definition.selectionSet) : 0,
    ),
  );
}

/** The operation to run, or the reason why none can be chosen. */
export function chooseOperation(
  prepared: PreparedDocument,
  operationName: string | undefined,
): OperationDefinitionNode | WireError {
  const operation = getOperationAST(prepared.document, operationName);
  if (operation) return operation;
  return requestError(
    operationName === undefined
      ? 'Must provide operation name if query contains multiple operations.'
      : `Unknown operation named '${operationName}'.`,
  );
}
