import {
  BREAK,
  ExecutableDefinitionsRule,
  FieldsOnCorrectTypeRule,
  FragmentsOnCompositeTypesRule,
  GraphQLError,
  isInputObjectType,
  getNamedType,
  isNonNullType,
  getNullableType,
  Kind,
  KnownArgumentNamesRule,
  KnownDirectivesRule,
  KnownFragmentNamesRule,
  KnownTypeNamesRule,
  LoneAnonymousOperationRule,
  NoFragmentCyclesRule,
  NoUndefinedVariablesRule,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  OverlappingFieldsCanBeMergedRule,
  PossibleFragmentSpreadsRule,
  ProvidedRequiredArgumentsRule,
  ScalarLeafsRule,
  SingleFieldSubscriptionsRule,
  UniqueArgumentNamesRule,
  UniqueFragmentNamesRule,
  UniqueInputFieldNamesRule,
  UniqueOperationNamesRule,
  UniqueVariableNamesRule,
  ValuesOfCorrectTypeRule,
  VariablesAreInputTypesRule,
  VariablesInAllowedPositionRule,
  visit,
} from 'graphql';
import type { ASTNode, GraphQLInputType, ValidationContext, ValidationRule, ValueNode } from 'graphql';

/** One graphql-java error: its type name, its text and, when it is not the first node of the error, where it is. */
type Translate = (
  error: GraphQLError,
  context: ValidationContext,
) => { type: string; text: string; node?: ASTNode | undefined };

function nameOf(node: ASTNode | undefined): string {
  if (node !== undefined && 'name' in node && node.name?.kind === Kind.NAME) return node.name.value;
  if (node?.kind === Kind.NAME) return node.value;
  return '';
}

/** A rule whose errors carry graphql-java's words in `extensions.validation` and the offending node first. */
function translated(rule: ValidationRule, translate: Translate): ValidationRule {
  return (context) => {
    const wrapped = Object.create(context, {
      reportError: {
        value: (error: GraphQLError) => {
          const { type, text, node } = translate(error, context);
          const nodes = node === undefined ? error.nodes : [node];
          context.reportError(new GraphQLError(error.message, { nodes, extensions: { type, text } }));
        },
      },
    }) as ValidationContext;
    return rule(wrapped);
  };
}

/** The rule under graphql-java's type name, with the text that names the first node. */
function named(rule: ValidationRule, type: string, text: (name: string, error: GraphQLError) => string) {
  return translated(rule, (error) => ({ type, text: text(nameOf(error.nodes?.[0]), error) }));
}

/** A literal as graphql-java prints it: `StringValue{value='x'}`. */
export function javaLiteral(node: ValueNode): string {
  switch (node.kind) {
    case Kind.STRING:
      return `StringValue{value='${node.value}'}`;
    case Kind.INT:
    case Kind.FLOAT:
    case Kind.BOOLEAN:
      return `${node.kind}{value=${String(node.value)}}`;
    case Kind.ENUM:
      return `EnumValue{name='${node.value}'}`;
    case Kind.NULL:
      return "NullValue{Kind: 'NullValue'}";
    case Kind.VARIABLE:
      return `VariableReference{name='${node.name.value}'}`;
    case Kind.LIST:
      return `ArrayValue{values=[${node.values.map(javaLiteral).join(', ')}]}`;
    case Kind.OBJECT:
      return `ObjectValue{objectFields=[${node.fields
        .map((field) => `ObjectField{name='${field.name.value}', value=${javaLiteral(field.value)}}`)
        .join(', ')}]}`;
  }
}

/** Everything between the document and a node, outermost first; the node itself is last. */
export function trailTo(document: ASTNode, node: ASTNode): ASTNode[] {
  let found: ASTNode[] = [];
  visit(document, {
    enter(candidate, _key, parent, _path, ancestors) {
      if (candidate !== node) return undefined;
      // graphql-js leaves the direct parent out of the ancestors.
      const above = [...ancestors, parent];
      found = [
        ...above.filter((step): step is ASTNode => step !== undefined && !Array.isArray(step)),
        candidate,
      ];
      return BREAK;
    },
  });
  return found;
}

function wrongType(error: GraphQLError, context: ValidationContext): { type: string; text: string } {
  const node = error.nodes?.[0];
  const trail = node === undefined ? [] : trailTo(context.getDocument(), node);
  const holder = node?.kind === Kind.OBJECT_FIELD ? trail.at(-2) : node;
  const value = holder as ValueNode;
  const steps = trail.slice(0, trail.indexOf(value)).filter((step) => step.kind === Kind.OBJECT_FIELD);
  const path = [context.getArgument()?.name ?? '', ...steps.map(nameOf)].join('.');
  const words = (rest: string) => ({
    type: 'WrongType',
    text: `argument '${path}' with value '${javaLiteral(value)}' ${rest}`,
  });
  if (node?.kind === Kind.OBJECT_FIELD) {
    const parent = context.getParentInputType();
    return words(
      `contains a field not in '${parent ? getNamedType(parent).name : ''}': '${node.name.value}'`,
    );
  }
  const expected: GraphQLInputType | null | undefined = context.getInputType();
  if (value.kind === Kind.NULL && isNonNullType(expected)) return words('must not be null');
  const nullable = getNullableType(expected);
  if (!isInputObjectType(nullable)) return words(`is not a valid '${getNamedType(expected)?.name ?? ''}'`);
  if (value.kind !== Kind.OBJECT) return words('must be an object type');
  const given = new Set(value.fields.map((field) => field.name.value));
  const missing = Object.values(nullable.getFields()).filter(
    (field) => isNonNullType(field.type) && field.defaultValue === undefined && !given.has(field.name),
  );
  return words(`is missing required fields '[${missing.map((field) => field.name).join(', ')}]'`);
}

function fieldUndefined(error: GraphQLError, context: ValidationContext): { type: string; text: string } {
  const parent = context.getParentType()?.name ?? '';
  return {
    type: 'FieldUndefined',
    text: `Field '${nameOf(error.nodes?.[0])}' in type '${parent}' is undefined`,
  };
}

function leaf(error: GraphQLError, context: ValidationContext): { type: string; text: string } {
  const node = error.nodes?.[0];
  const type = String(context.getType() ?? '');
  if (node?.kind === Kind.SELECTION_SET) {
    const field = context.getFieldDef()?.name ?? '';
    return {
      type: 'SubSelectionNotAllowed',
      text: `Sub selection not allowed on leaf type ${type} of field ${field}`,
    };
  }
  return {
    type: 'SubSelectionRequired',
    text: `Sub selection required for type ${type} of field ${nameOf(node)}`,
  };
}

function missingArgument(error: GraphQLError): { type: string; text: string } {
  const name = /argument "(\w+)"/.exec(error.message)?.[1] ?? '';
  return { type: 'MissingFieldArgument', text: `Missing field argument ${name}` };
}

function mismatch(error: GraphQLError): ReturnType<Translate> {
  const match = /of type "([^"]+)" used in position expecting type "([^"]+)"/.exec(error.message);
  return {
    type: 'VariableTypeMismatch',
    node: error.nodes?.[1],
    text: `Variable type '${match?.[1] ?? ''}' doesn't match expected type '${match?.[2] ?? ''}'`,
  };
}

/** graphql-js's rules under graphql-java's names and words, in graphql-js's order. */
export const VALIDATION_RULES: readonly ValidationRule[] = [
  named(ExecutableDefinitionsRule, 'InvalidSyntax', () => 'Only operations and fragments can be executed'),
  named(
    UniqueOperationNamesRule,
    'DuplicateOperationName',
    (n) => `There can be only one operation named '${n}'`,
  ),
  named(
    LoneAnonymousOperationRule,
    'LoneAnonymousOperationViolation',
    () => 'Anonymous operation with other operations.',
  ),
  named(SingleFieldSubscriptionsRule, 'SubscriptionMultipleRootFields', (_, e) => e.message),
  named(
    KnownTypeNamesRule,
    'UnknownType',
    (_, e) => `Unknown type ${/"([^"]+)"/.exec(e.message)?.[1] ?? ''}`,
  ),
  named(
    FragmentsOnCompositeTypesRule,
    'FragmentTypeConditionInvalid',
    () => 'Fragment type condition is invalid, must be on Object/Interface/Union',
  ),
  named(VariablesAreInputTypesRule, 'NonInputTypeOnVariable', (_, e) => e.message),
  translated(ScalarLeafsRule, leaf),
  translated(FieldsOnCorrectTypeRule, fieldUndefined),
  named(
    UniqueFragmentNamesRule,
    'DuplicateFragmentName',
    (n) => `There can be only one fragment named '${n}'`,
  ),
  named(KnownFragmentNamesRule, 'UndefinedFragment', (n) => `Undefined fragment ${n}`),
  named(NoUnusedFragmentsRule, 'UnusedFragment', (n) => `Unused fragment ${n}`),
  named(PossibleFragmentSpreadsRule, 'InvalidFragmentType', (_, e) => e.message),
  named(NoFragmentCyclesRule, 'FragmentCycle', () => 'Fragment cycles not allowed'),
  named(
    UniqueVariableNamesRule,
    'DuplicateVariableName',
    (n) => `There can be only one variable named '${n}'`,
  ),
  named(NoUndefinedVariablesRule, 'UndefinedVariable', (n) => `Undefined variable ${n}`),
  translated(NoUnusedVariablesRule, (error) => {
    const node = error.nodes?.[0];
    const name = node?.kind === Kind.VARIABLE_DEFINITION ? node.variable.name.value : '';
    return { type: 'UnusedVariable', text: `Unused variable ${name}` };
  }),
  named(KnownDirectivesRule, 'UnknownDirective', (n) => `Unknown directive ${n}`),
  named(KnownArgumentNamesRule, 'UnknownArgument', (n) => `Unknown field argument ${n}`),
  named(
    UniqueArgumentNamesRule,
    'DuplicateArgumentNames',
    (n) => `There can be only one argument named '${n}'`,
  ),
  translated(ValuesOfCorrectTypeRule, wrongType),
  translated(ProvidedRequiredArgumentsRule, missingArgument),
  translated(VariablesInAllowedPositionRule, mismatch),
  named(OverlappingFieldsCanBeMergedRule, 'FieldsConflict', (n, e) => `${n}: ${e.message}`),
  named(
    UniqueInputFieldNamesRule,
    'DuplicateInputFields',
    (n) => `There can be only one input field named '${n}'`,
  ),
];
