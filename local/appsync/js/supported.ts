/**
 * What the APPSYNC_JS 1.0.0 documentation lists, by name. The syntax check, the realm and the tests read the same lists, so code
 * that uses anything else fails in all three. Source: AppSync developer guide, "Supported runtime features" and "Built-in modules".
 */

/** Largest deployable code, in UTF-16 units (CloudFormation `Code` of AWS::AppSync::Resolver and FunctionConfiguration). */
export const MAX_CODE_LENGTH = 32_768;

/** Most iterations of one run of one loop (AppSync quota). */
export const MAX_LOOP_ITERATIONS = 1_000;

/** Static members per documented namespace. The namespaces are no functions: `Number('1')` and `String(1)` do not exist. */
export const NAMESPACES: Readonly<Record<string, readonly string[]>> = {
  Object: ['assign', 'entries', 'hasOwn', 'keys', 'values'],
  String: ['raw'],
  Number: ['isFinite', 'isNaN'],
  Math: ['random', 'min', 'max', 'round', 'floor', 'ceil'],
  JSON: ['parse', 'stringify'],
  console: ['log', 'error'],
};

/** Global constants and the objects that need no import. */
export const GLOBAL_VALUES: readonly string[] = [
  'undefined',
  'NaN',
  'Infinity',
  'util',
  'extensions',
  'runtime',
];

/** Prototype methods per type. `Number`, `Boolean`, `Object` and `Function` values have none. */
export const PROTOTYPE_METHODS: Readonly<Record<'String' | 'Array', readonly string[]>> = {
  String: [
    'charAt',
    'concat',
    'endsWith',
    'indexOf',
    'lastIndexOf',
    'replace',
    'replaceAll',
    'slice',
    'split',
    'startsWith',
    'toLowerCase',
    'toUpperCase',
    'trim',
    'trimEnd',
    'trimStart',
  ],
  Array: [
    'concat',
    'fill',
    'flat',
    'indexOf',
    'join',
    'lastIndexOf',
    'pop',
    'push',
    'reverse',
    'shift',
    'slice',
    'sort',
    'splice',
    'unshift',
    'forEach',
    'map',
    'flatMap',
    'filter',
    'reduce',
    'reduceRight',
    'find',
    'some',
    'every',
    'findIndex',
    'findLast',
    'findLastIndex',
  ],
};

/** The only calls that may be handed a function. */
export const CALLBACK_METHODS: ReadonlySet<string> = new Set([
  'forEach',
  'map',
  'flatMap',
  'filter',
  'reduce',
  'reduceRight',
  'find',
  'some',
  'every',
  'findIndex',
  'findLast',
  'findLastIndex',
]);

/** Exports of the built-in modules. `null`: AWS has the module, this runtime does not. */
export const MODULE_EXPORTS: Readonly<Record<string, readonly string[] | null>> = {
  '@aws-appsync/utils': ['util', 'extensions', 'runtime'],
  '@aws-appsync/utils/dynamodb': [
    'get',
    'put',
    'update',
    'remove',
    'query',
    'scan',
    'sync',
    'batchGet',
    'batchPut',
    'batchDelete',
    'transactGet',
    'transactWrite',
    'operations',
    'toStringSet',
    'toNumberSet',
    'toBinarySet',
  ],
  '@aws-appsync/utils/rds': null,
  '@aws-appsync/utils/ai': null,
};
