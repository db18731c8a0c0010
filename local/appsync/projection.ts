import {
  getNamedType,
  getNullableType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  getDirectiveValues,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
} from 'graphql';
import type {
  FieldNode,
  FragmentDefinitionNode,
  GraphQLObjectType,
  GraphQLOutputType,
  GraphQLSchema,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import { slashPath } from './errors.ts';
import type { WireError, WireResponse } from './errors.ts';

/** What is fixed about a subscriber's selection. `mayRead` is the subscriber's right to a nested field. */
export interface ProjectionInput {
  schema: GraphQLSchema;
  field: FieldNode;
  fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  variables: Record<string, unknown>;
  mayRead(typeName: string, fieldName: string): boolean;
}

/** Turns the serialised result of a mutation field into what one kind of subscriber receives. Pure. */
export type Projection = (value: unknown) => WireResponse;

interface PlannedField {
  responseKey: string;
  fieldName: string;
  parentName: string;
  type: GraphQLOutputType;
  denied: boolean;
  children: PlannedField[] | undefined;
}

/** Raised for a null where the schema forbids it, caught by the nearest nullable field above. */
class NullHole extends Error {}

/**
 * Compiles a subscriber's selection. The source is the mutation's *serialised response*: a field the publisher did not select
 * (or renamed by an alias) is missing; missing nullable fields become null, a missing non-null one makes the nearest
 * nullable field above it null and adds AppSync's error, in the end `{"data":{"onX":null},"errors":[...]}`.
 *
 * @throws Error when the selection runs into an interface or a union: the local stack projects object types only.
 */
export function compileProjection(input: ProjectionInput): Projection {
  const root = input.schema.getSubscriptionType();
  const definition = root?.getFields()[input.field.name.value];
  if (!root || definition === undefined) throw new Error(`no subscription field ${input.field.name.value}`);
  // The stream of results is the field's own level, which AppSync lets become null whatever its type says.
  const type = getNullableType(definition.type);
  const [planned] = planFields([input.field], root, input);
  if (planned === undefined) throw new Error('an empty selection cannot be projected');
  const plan = { ...planned, type };
  return (value) => {
    const errors: WireError[] = [];
    const data = { [plan.responseKey]: complete(value, plan.type, plan, [plan.responseKey], errors) };
    return errors.length === 0 ? { data } : { data, errors };
  };
}

function planFields(
  nodes: readonly SelectionNode[],
  parent: GraphQLObjectType,
  input: ProjectionInput,
  into: PlannedField[] = [],
): PlannedField[] {
  for (const node of nodes) {
    if (!isIncluded(node, input.variables)) continue;
    if (node.kind !== Kind.FIELD) {
      const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : input.fragments[node.name.value];
      const condition = fragment?.typeCondition?.name.value;
      if (fragment !== undefined && (condition === undefined || condition === parent.name)) {
        planFields(fragment.selectionSet.selections, parent, input, into);
      }
      continue;
    }
    const planned = planField(node, parent, input);
    const same = into.find((candidate) => candidate.responseKey === planned.responseKey);
    if (same === undefined) into.push(planned);
    else same.children = mergeChildren(same.children, planned.children);
  }
  return into;
}

function mergeChildren(
  left: PlannedField[] | undefined,
  right: PlannedField[] | undefined,
): PlannedField[] | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const keys = new Set(left.map((field) => field.responseKey));
  return [...left, ...right.filter((field) => !keys.has(field.responseKey))];
}

function planField(node: FieldNode, parent: GraphQLObjectType, input: ProjectionInput): PlannedField {
  const fieldName = node.name.value;
  const responseKey = (node.alias ?? node.name).value;
  const definition = parent.getFields()[fieldName];
  if (definition === undefined) {
    // Only __typename passes validation without a definition.
    const stringType = getNullableType(input.schema.getType('String') as GraphQLOutputType);
    return {
      responseKey,
      fieldName,
      parentName: parent.name,
      type: stringType,
      denied: false,
      children: undefined,
    };
  }
  return {
    responseKey,
    fieldName,
    parentName: parent.name,
    type: definition.type,
    denied: !input.mayRead(parent.name, fieldName),
    children:
      node.selectionSet === undefined ? undefined : planChildren(node.selectionSet, definition.type, input),
  };
}

function planChildren(
  set: SelectionSetNode,
  type: GraphQLOutputType,
  input: ProjectionInput,
): PlannedField[] {
  const named = getNamedType(type);
  if (!isObjectType(named))
    throw new Error(`the local stack does not project the abstract type ${named.name}`);
  return planFields(set.selections, named, input);
}

function isIncluded(node: SelectionNode, variables: Record<string, unknown>): boolean {
  if (node.directives === undefined || node.directives.length === 0) return true;
  if (getDirectiveValues(GraphQLSkipDirective, node, variables)?.['if'] === true) return false;
  return getDirectiveValues(GraphQLIncludeDirective, node, variables)?.['if'] !== false;
}

function complete(
  value: unknown,
  type: GraphQLOutputType,
  plan: PlannedField,
  path: (string | number)[],
  errors: WireError[],
): unknown {
  if (isNonNullType(type)) {
    const inner = completeNullable(value, type.ofType, plan, path, errors);
    if (inner !== null) return inner;
    const at = slashPath(path);
    if (!errors.some((error) => error.path != null && slashPath(error.path) === at)) {
      errors.push({
        message: `Cannot return null for non-nullable type: '${getNamedType(type).name}' within parent '${plan.parentName}' (${at})`,
        path: [...path],
      });
    }
    throw new NullHole();
  }
  try {
    return completeNullable(value, type, plan, path, errors);
  } catch (cause) {
    if (cause instanceof NullHole) return null;
    throw cause;
  }
}

function completeNullable(
  value: unknown,
  type: GraphQLOutputType,
  plan: PlannedField,
  path: (string | number)[],
  errors: WireError[],
): unknown {
  if (plan.denied) {
    errors.push({
      message: `Not Authorized to access ${plan.fieldName} on type ${plan.parentName}`,
      errorType: 'Unauthorized',
      path: [...path],
    });
    return null;
  }
  if (plan.fieldName === '__typename') return plan.parentName;
  if (value === null || value === undefined) return null;
  if (isListType(type)) {
    if (!Array.isArray(value)) return null;
    return value.map((item, index) => complete(item, type.ofType, plan, [...path, index], errors));
  }
  if (plan.children === undefined) return value;
  const source = value as Record<string, unknown>;
  const result: Record<string, unknown> = {};
  for (const child of plan.children) {
    path.push(child.responseKey);
    try {
      result[child.responseKey] = complete(source[child.fieldName], child.type, child, path, errors);
    } finally {
      path.pop();
    }
  }
  return result;
}
