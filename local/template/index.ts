/** The synthesized CloudFormation template as a typed model. */
export { functionNameOf, IGNORED_TYPES, KNOWN_TYPES } from './attributes.ts';
export type {
  ApiModel,
  AppSyncModel,
  AuthMode,
  DataSourceModel,
  FunctionModel,
  ResolverModel,
} from './appsync-model.ts';
export { readCloudAssembly } from './cloud-assembly.ts';
export type { AssemblyStack, CloudAssembly, Template, TemplateResource } from './cloud-assembly.ts';
export { resolveIntrinsics } from './intrinsics.ts';
export type { IntrinsicScope } from './intrinsics.ts';
export type { AsyncConfig, FunctionUrlModel, LambdaModel } from './lambda-model.ts';
export type { LocalValues } from './local-values.ts';
export type { RestApiModel, RestMethodModel } from './rest-api-model.ts';
export type { RoleModel } from './role-model.ts';
export { buildStackModel } from './stack-model.ts';
export type { StackModel, UserPoolModel } from './stack-model.ts';
export type { TableModel } from './table-model.ts';
export { TemplateError } from './template-error.ts';
