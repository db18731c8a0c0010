import { buildSchema, getNamedType, isObjectType, Kind, valueFromASTUntyped } from 'graphql';
import type { ConstDirectiveNode, GraphQLObjectType, GraphQLSchema } from 'graphql';
import type { AuthMode } from '../template/index.ts';
import { AWS_SCALARS_SDL, installAwsScalars } from './scalars.ts';

/** Who may read a field: a mode, for Cognito possibly limited to groups. */
export interface FieldGrant {
  mode: AuthMode;
  groups: readonly string[] | undefined;
}

/** An executable schema and what AppSync's directives say about it. */
export interface ApiSchema {
  readonly schema: GraphQLSchema;
  /** Names of the Query, Mutation and Subscription types: their fields are IAM resources. */
  readonly rootTypeNames: ReadonlySet<string>;
  /**
   * Grants of a field: its own directives, else those of its type, else the default mode alone. Introspection fields
   * have none of their own and answer every mode.
   */
  grantsOf(typeName: string, fieldName: string): readonly FieldGrant[] | undefined;
  /** Subscription fields that `@aws_subscribe` ties to a mutation field. Empty for a mutation nobody can watch. */
  subscriptionsOf(mutationField: string): readonly string[];
}

const DIRECTIVE_MODES: Readonly<Record<string, AuthMode>> = {
  aws_api_key: 'API_KEY',
  aws_iam: 'AWS_IAM',
  aws_cognito_user_pools: 'AMAZON_COGNITO_USER_POOLS',
};

const AWS_SDL = `
${AWS_SCALARS_SDL}
directive @aws_api_key on FIELD_DEFINITION | OBJECT
directive @aws_iam on FIELD_DEFINITION | OBJECT
directive @aws_cognito_user_pools(cognito_groups: [String!]) on FIELD_DEFINITION | OBJECT
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
`;

function listArgument(directive: ConstDirectiveNode, name: string): string[] | undefined {
  const argument = directive.arguments?.find((candidate) => candidate.name.value === name);
  if (argument === undefined || argument.value.kind === Kind.NULL) return undefined;
  const value: unknown = valueFromASTUntyped(argument.value);
  return Array.isArray(value) ? value.map(String) : [String(value)];
}

function grantsFrom(directives: readonly ConstDirectiveNode[]): FieldGrant[] {
  const grants: FieldGrant[] = [];
  for (const directive of directives) {
    const mode = DIRECTIVE_MODES[directive.name.value];
    if (mode !== undefined) grants.push({ mode, groups: listArgument(directive, 'cognito_groups') });
  }
  return grants;
}

function directivesOfType(type: GraphQLObjectType): ConstDirectiveNode[] {
  return [type.astNode, ...type.extensionASTNodes].flatMap((node) => node?.directives ?? []);
}

/**
 * Reads an AppSync schema document.
 *
 * @throws Error when the SDL is invalid, when a directive is used that the local stack cannot honour (`@aws_oidc`,
 * `@aws_lambda`, `@aws_auth`), or when `@aws_subscribe` names a mutation that is absent or has another return type.
 */
export function readApiSchema(sdl: string, defaultMode: AuthMode): ApiSchema {
  const refused = /@aws_(lambda|auth|oidc)\b/.exec(sdl.replaceAll(/"""[\s\S]*?"""|#.*$/gm, ''));
  if (refused !== null) throw new Error(`the local stack has no ${refused[0]}`);
  const schema = buildSchema(`${AWS_SDL}\n${sdl}`);
  installAwsScalars(schema);

  const grants = new Map<string, readonly FieldGrant[]>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    const ofType = grantsFrom(directivesOfType(type));
    for (const field of Object.values(type.getFields())) {
      const ofField = grantsFrom(field.astNode?.directives ?? []);
      const chosen = ofField.length > 0 ? ofField : ofType;
      grants.set(
        `${type.name}.${field.name}`,
        chosen.length > 0 ? chosen : [{ mode: defaultMode, groups: undefined }],
      );
    }
  }
  const subscriptions = readSubscriptions(schema);
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return {
    schema,
    rootTypeNames: new Set(roots.flatMap((type) => (type ? [type.name] : []))),
    grantsOf: (typeName, fieldName) => grants.get(`${typeName}.${fieldName}`),
    subscriptionsOf: (mutationField) => subscriptions.get(mutationField) ?? [],
  };
}

function readSubscriptions(schema: GraphQLSchema): Map<string, string[]> {
  const byMutation = new Map<string, string[]>();
  const mutations = schema.getMutationType()?.getFields() ?? {};
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    const directive = field.astNode?.directives?.find(
      (candidate) => candidate.name.value === 'aws_subscribe',
    );
    for (const name of directive === undefined ? [] : (listArgument(directive, 'mutations') ?? [])) {
      const mutation = mutations[name];
      if (mutation === undefined)
        throw new Error(`Subscription.${field.name} watches unknown mutation ${name}`);
      if (getNamedType(mutation.type) !== getNamedType(field.type)) {
        throw new Error(`Subscription.${field.name} must return what Mutation.${name} returns`);
      }
      byMutation.set(name, [...(byMutation.get(name) ?? []), field.name]);
    }
  }
  return byMutation;
}
