import type { AnyNode, Program } from 'acorn';
import { fullAncestor } from 'acorn-walk';
import { isFunction } from './scopes.ts';
import type { Binding, FunctionNode, Reference, Scopes } from './scopes.ts';
import { CALLBACK_METHODS } from './supported.ts';
import type { Report } from './syntax.ts';

/**
 * Reports how functions and the context may not be used: functions passed to anything but an array method, returned or assigned;
 * recursion (direct, mutual, or through a callback); `apply`, `bind`, `call`; `sort` with a comparator; writes to the context or to
 * one of its slots. What cannot be seen statically (a function behind a parameter, an aliased context) is left to the realm.
 */
export function checkCalls(
  program: Program,
  scopes: Scopes,
  handlers: { request?: string; response?: string },
  report: Report,
): void {
  const definitionOf = (node: AnyNode, ancestors: readonly AnyNode[]): FunctionNode | undefined => {
    if (isFunction(node)) return node;
    return node.type === 'Identifier' ? scopes.resolve(node.name, ancestors)?.definition : undefined;
  };
  fullAncestor(program, (node, _state, ancestors) => {
    const isDefinition = (value: AnyNode | null | undefined): boolean =>
      !!value && definitionOf(value, ancestors) !== undefined;
    switch (node.type) {
      case 'CallExpression': {
        const method = calledMethod(node.callee);
        if (method === 'sort' && node.arguments.length > 0) {
          report(node, 'sort() with a comparator');
        } else if (!(method && CALLBACK_METHODS.has(method)) && node.arguments.some(isDefinition)) {
          report(node, 'function as an argument');
        }
        if (method === 'apply' || method === 'bind' || method === 'call') report(node, `.${method}()`);
        break;
      }
      case 'ReturnStatement':
        if (isDefinition(node.argument)) report(node, 'returning a function');
        break;
      case 'ArrowFunctionExpression':
        if (node.expression && isDefinition(node.body)) report(node.body, 'returning a function');
        break;
      case 'VariableDeclarator':
        if (node.init?.type === 'Identifier' && isDefinition(node.init)) report(node, 'assigning a function');
        break;
      case 'AssignmentExpression':
        if (isDefinition(node.right)) report(node, 'assigning a function');
        checkContextWrite(node, node.left, scopes, ancestors, handlers, report);
        break;
      case 'UnaryExpression':
        if (node.operator === 'delete') {
          checkContextWrite(node, node.argument, scopes, ancestors, handlers, report);
        }
        break;
      default:
        break;
    }
  });
  checkRecursion(scopes.references, report);
}

function calledMethod(callee: AnyNode): string | undefined {
  if (callee.type === 'ChainExpression') return calledMethod(callee.expression);
  if (callee.type !== 'MemberExpression') return undefined;
  if (!callee.computed && callee.property.type === 'Identifier') return callee.property.name;
  return callee.property.type === 'Literal' ? String(callee.property.value) : undefined;
}

function checkContextWrite(
  node: AnyNode,
  target: AnyNode,
  scopes: Scopes,
  ancestors: readonly AnyNode[],
  handlers: { request?: string; response?: string },
  report: Report,
): void {
  const root = target.type === 'MemberExpression' ? target.object : target;
  if (root.type !== 'Identifier') return;
  const owner = scopes.resolve(root.name, ancestors)?.firstParameterOf;
  if (!owner || !isHandler(owner, scopes, handlers, ancestors)) return;
  const slot =
    target.type === 'MemberExpression' ? `${root.name}.${calledMethod(target) ?? '[...]'}` : root.name;
  report(node, 'write to the context', `${slot} is read-only`);
}

function isHandler(
  owner: FunctionNode,
  scopes: Scopes,
  handlers: { request?: string; response?: string },
  ancestors: readonly AnyNode[],
): boolean {
  const top = ancestors.slice(0, 1);
  return [handlers.request, handlers.response].some(
    (name) => name !== undefined && scopes.resolve(name, top)?.definition === owner,
  );
}

/** Edges run from every function around a mention of another function to that function. */
function checkRecursion(references: readonly Reference[], report: Report): void {
  const edges = new Map<FunctionNode, Set<FunctionNode>>();
  const mentions: { from: FunctionNode[]; to: FunctionNode; reference: Reference; binding: Binding }[] = [];
  for (const reference of references) {
    const to = reference.binding?.definition;
    if (!reference.binding || !to) continue;
    const from = reference.ancestors.filter(isFunction);
    mentions.push({ from, to, reference, binding: reference.binding });
    for (const around of from) edges.set(around, (edges.get(around) ?? new Set()).add(to));
  }
  for (const { from, to, reference, binding } of mentions) {
    if (from.some((around) => around === to || reaches(to, around, edges))) {
      report(reference.node, 'recursion', `recursion is not supported by APPSYNC_JS: ${binding.name}`);
    }
  }
}

function reaches(
  start: FunctionNode,
  goal: FunctionNode,
  edges: ReadonlyMap<FunctionNode, ReadonlySet<FunctionNode>>,
): boolean {
  const visited = new Set<FunctionNode>();
  const open = [start];
  // Each function is opened once, so the work is bounded by the number of edges.
  for (const current of open) {
    if (visited.has(current)) continue;
    visited.add(current);
    for (const next of edges.get(current) ?? []) {
      if (next === goal) return true;
      open.push(next);
    }
  }
  return false;
}
