import { parse } from 'acorn';
import type { AnyNode, Program } from 'acorn';
import { fullAncestor } from 'acorn-walk';
import { checkCalls } from './call-rules.ts';
import { analyzeScopes } from './scopes.ts';
import type { FunctionNode, Scopes } from './scopes.ts';
import { GLOBAL_VALUES, MAX_CODE_LENGTH, MODULE_EXPORTS, NAMESPACES } from './supported.ts';

/** One place where code leaves the APPSYNC_JS subset. Lines and columns count from 1. */
export interface SyntaxProblem {
  /** Name of the code it was found in. */
  name: string;
  /** The construct, e.g. `while` or `async function`. */
  construct: string;
  message: string;
  line: number;
  column: number;
}

/** Accepted code: its tree and the local names behind the two handlers. */
export interface ParsedCode {
  program: Program;
  handlers: { request: string; response: string };
}

/** Adds a problem at a node. */
export type Report = (node: AnyNode, construct: string, message?: string) => void;

/**
 * Lists everything in `code` that AppSync would refuse, in source order; an empty list means deployable. It reads the code as it is
 * deployed: one ES module. Text that does not parse gives exactly one problem, `syntax error`.
 */
export function checkAppSyncSyntax(code: string, name: string): SyntaxProblem[] {
  return parseAppSyncCode(code, name).problems;
}

/** As {@link checkAppSyncSyntax}, and gives the tree when there is no problem. */
export function parseAppSyncCode(
  code: string,
  name: string,
): { problems: SyntaxProblem[]; parsed?: ParsedCode } {
  const problems: SyntaxProblem[] = [];
  const add = (construct: string, message: string, line: number, column: number): void => {
    problems.push({ name, construct, message: `${name}:${line}:${column} ${message}`, line, column });
  };
  if (code.length > MAX_CODE_LENGTH) {
    add('code length', `code is ${code.length} characters long, the limit is ${MAX_CODE_LENGTH}`, 1, 1);
  }
  let program: Program;
  try {
    program = parse(code, { ecmaVersion: 'latest', sourceType: 'module', locations: true });
  } catch (error) {
    const at = (error as { loc?: { line: number; column: number } }).loc ?? { line: 1, column: 0 };
    add('syntax error', (error as Error).message, at.line, at.column + 1);
    return { problems };
  }
  const report: Report = (node, construct, message = `${construct} is not supported by APPSYNC_JS`) => {
    const start = node.loc?.start ?? { line: 1, column: 0 };
    add(construct, message, start.line, start.column + 1);
  };
  fullAncestor(program, (node) => checkConstruct(node, report));
  checkModules(program, report);
  const handlers = checkExports(program, report);
  const scopes = analyzeScopes(program);
  checkGlobals(scopes, report);
  checkCalls(program, scopes, handlers, report);
  problems.sort((a, b) => a.line - b.line || a.column - b.column);
  const { request, response } = handlers;
  if (problems.length > 0 || !request || !response) return { problems };
  return { problems, parsed: { program, handlers: { request, response } } };
}

/** Statements and expressions refused wherever they stand. */
const REFUSED: Partial<Record<AnyNode['type'], string>> = {
  AwaitExpression: 'await',
  CatchClause: 'catch',
  ClassDeclaration: 'class',
  ClassExpression: 'class',
  ContinueStatement: 'continue',
  DebuggerStatement: 'debugger',
  DoWhileStatement: 'do-while',
  ForStatement: 'for(;;)',
  ImportExpression: 'import()',
  LabeledStatement: 'label',
  MetaProperty: 'meta property',
  NewExpression: 'new',
  Super: 'super',
  ThisExpression: 'this',
  ThrowStatement: 'throw',
  TryStatement: 'try',
  WhileStatement: 'while',
  YieldExpression: 'yield',
};

function checkConstruct(node: AnyNode, report: Report): void {
  const refused = REFUSED[node.type];
  if (refused) report(node, refused);
  switch (node.type) {
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      checkFunctionKind(node, report);
      break;
    case 'UpdateExpression':
      report(node, node.operator);
      break;
    case 'UnaryExpression':
      if (node.operator === '~') report(node, '~');
      break;
    case 'BinaryExpression':
      if (node.operator === 'in' || node.operator === 'instanceof') report(node, node.operator);
      break;
    case 'ForOfStatement':
      if (node.await) report(node, 'for await');
      break;
    case 'TryStatement':
      if (node.finalizer) report(node.finalizer, 'finally');
      break;
    case 'Literal':
      if (node.regex) report(node, 'regular expression literal');
      if (node.bigint) report(node, 'bigint literal');
      break;
    case 'TaggedTemplateExpression':
      if (!isStringRaw(node.tag)) report(node, 'tagged template');
      break;
    default:
      break;
  }
}

function checkFunctionKind(node: FunctionNode, report: Report): void {
  if (node.async) report(node, 'async function');
  if (node.generator) report(node, 'generator function');
}

function isStringRaw(tag: AnyNode): boolean {
  return (
    tag.type === 'MemberExpression' &&
    tag.object.type === 'Identifier' &&
    tag.object.name === 'String' &&
    tag.property.type === 'Identifier' &&
    tag.property.name === 'raw'
  );
}

function checkModules(program: Program, report: Report): void {
  for (const node of program.body) {
    if (node.type !== 'ImportDeclaration') continue;
    const source = String(node.source.value);
    if (!Object.hasOwn(MODULE_EXPORTS, source)) {
      report(node, 'import', `import of '${source}' is not supported: bundle it, or use @aws-appsync/*`);
      continue;
    }
    const known = MODULE_EXPORTS[source];
    for (const specifier of node.specifiers) {
      if (specifier.type === 'ImportDefaultSpecifier') {
        report(specifier, 'default import', `'${source}' has no default export`);
      } else if (specifier.type === 'ImportSpecifier') {
        const imported = moduleName(specifier.imported);
        if (known && !known.includes(imported)) {
          report(specifier, 'import', `'${source}' has no export named ${imported}`);
        }
      }
    }
  }
}

function moduleName(
  node: { type: 'Identifier'; name: string } | { type: 'Literal'; value?: unknown },
): string {
  return node.type === 'Identifier' ? node.name : String(node.value);
}

function checkExports(program: Program, report: Report): { request?: string; response?: string } {
  const exported = new Map<string, string>();
  for (const node of program.body) {
    if (node.type === 'ExportDefaultDeclaration') report(node, 'default export');
    else if (node.type === 'ExportAllDeclaration') report(node, 'export from');
    else if (node.type === 'ExportNamedDeclaration') {
      if (node.source) report(node, 'export from');
      for (const { local, exported: as } of node.specifiers) exported.set(moduleName(as), moduleName(local));
      if (node.declaration?.type === 'VariableDeclaration') {
        for (const { id } of node.declaration.declarations) {
          if (id.type === 'Identifier') exported.set(id.name, id.name);
        }
      } else if (node.declaration) exported.set(node.declaration.id.name, node.declaration.id.name);
    }
  }
  for (const handler of ['request', 'response']) {
    if (!exported.has(handler)) {
      report(program, 'missing export', `code exports no function named ${handler}`);
    }
  }
  return { request: exported.get('request'), response: exported.get('response') };
}

function checkGlobals(scopes: Scopes, report: Report): void {
  for (const { name, node, ancestors, binding } of scopes.references) {
    if (binding || GLOBAL_VALUES.includes(name)) continue;
    const parent = ancestors.at(-2);
    const members = Object.hasOwn(NAMESPACES, name) ? NAMESPACES[name] : undefined;
    if (!members) {
      // `typeof Date` is how portable code asks, and is answered at run time.
      if (parent?.type === 'UnaryExpression' && parent.operator === 'typeof') continue;
      report(node, name, `global ${name} does not exist in APPSYNC_JS`);
    } else if (parent?.type === 'CallExpression' && parent.callee === node) {
      report(node, `${name}()`, `${name}() is not a function in APPSYNC_JS`);
    } else if (parent?.type === 'MemberExpression' && parent.object === node && !parent.computed) {
      const member = parent.property.type === 'Identifier' ? parent.property.name : '';
      if (!members.includes(member)) {
        report(parent, `${name}.${member}`, `${name}.${member} does not exist in APPSYNC_JS`);
      }
    }
  }
}
