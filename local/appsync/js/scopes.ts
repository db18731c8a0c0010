import type { AnyNode, Pattern, Program } from 'acorn';
import { fullAncestor } from 'acorn-walk';

/** The node types that are a function. */
export type FunctionNode = Extract<
  AnyNode,
  { type: 'FunctionDeclaration' | 'FunctionExpression' | 'ArrowFunctionExpression' }
>;

/** A declared name. `definition` is set when the name always stands for one function of this code. */
export interface Binding {
  name: string;
  definition?: FunctionNode;
  /** The name is the first parameter of this function. */
  firstParameterOf?: FunctionNode;
}

/** A read of a name, with the nodes around it (outermost first, the identifier last). */
export interface Reference {
  name: string;
  node: AnyNode;
  ancestors: readonly AnyNode[];
  binding: Binding | undefined;
}

export interface Scopes {
  /** Every name read as an expression, in source order of the walk. */
  references: readonly Reference[];
  /** The binding a name has at a place, undefined for a global. */
  resolve(name: string, ancestors: readonly AnyNode[]): Binding | undefined;
}

type Names = Map<string, Binding>;

/**
 * Resolves the names of a module the way the language does: `var` and parameters belong to the function, everything else to the
 * nearest block. Throws nothing: code with unresolved names is fine here.
 */
export function analyzeScopes(program: Program): Scopes {
  const scopes = new Map<AnyNode, Names>();
  const seen: { name: string; node: AnyNode; ancestors: AnyNode[] }[] = [];
  const written = new Set<Binding>();
  const declare = (scope: AnyNode, name: string, extra: Omit<Binding, 'name'> = {}): void => {
    const names = scopes.get(scope) ?? new Map<string, Binding>();
    scopes.set(scope, names);
    if (!names.has(name)) names.set(name, { name, ...extra });
  };
  const resolve: Scopes['resolve'] = (name, ancestors) => {
    for (let depth = ancestors.length - 1; depth >= 0; depth--) {
      const binding = scopes.get(ancestors[depth] as AnyNode)?.get(name);
      if (binding) return binding;
    }
    return undefined;
  };

  fullAncestor(program, (node, _state, ancestors, type) => {
    declareNames(node, ancestors, declare);
    if (node.type === 'Identifier' && type !== 'VariablePattern') {
      seen.push({ name: node.name, node, ancestors: [...ancestors] });
    }
  });
  fullAncestor(program, (node, _state, ancestors) => {
    if (node.type !== 'AssignmentExpression') return;
    for (const name of patternNames(node.left)) {
      const binding = resolve(name, ancestors);
      if (binding) written.add(binding);
    }
  });
  for (const binding of written) delete binding.definition;
  return {
    references: seen.map((read) => ({ ...read, binding: resolve(read.name, read.ancestors) })),
    resolve,
  };
}

/** True for a function of any kind. */
export function isFunction(node: AnyNode | null | undefined): node is FunctionNode {
  return (
    node?.type === 'FunctionDeclaration' ||
    node?.type === 'FunctionExpression' ||
    node?.type === 'ArrowFunctionExpression'
  );
}

type Declare = (scope: AnyNode, name: string, extra?: Omit<Binding, 'name'>) => void;

function declareNames(node: AnyNode, ancestors: readonly AnyNode[], declare: Declare): void {
  if (node.type === 'ImportDeclaration') {
    for (const specifier of node.specifiers) declare(ancestors[0] as AnyNode, specifier.local.name);
  } else if (node.type === 'VariableDeclaration') {
    const scope = enclosing(ancestors, node.kind === 'var' ? isFunctionScope : isBlockScope);
    for (const { id, init } of node.declarations) {
      const definition = id.type === 'Identifier' && isFunction(init) ? init : undefined;
      for (const name of patternNames(id)) declare(scope, name, definition && { definition });
    }
  } else if (isFunction(node)) {
    if (node.type === 'FunctionDeclaration' && node.id) {
      declare(enclosing(ancestors.slice(0, -1), isBlockScope), node.id.name, { definition: node });
    } else if (node.id) {
      declare(node, node.id.name, { definition: node });
    }
    node.params.forEach((parameter, index) => {
      for (const name of patternNames(parameter)) {
        declare(node, name, index === 0 && parameter.type === 'Identifier' ? { firstParameterOf: node } : {});
      }
    });
  } else if (node.type === 'ClassDeclaration' && node.id) {
    declare(enclosing(ancestors.slice(0, -1), isBlockScope), node.id.name);
  } else if (node.type === 'CatchClause' && node.param) {
    for (const name of patternNames(node.param)) declare(node, name);
  }
}

function enclosing(ancestors: readonly AnyNode[], matches: (node: AnyNode) => boolean): AnyNode {
  return ancestors.findLast(matches) ?? (ancestors[0] as AnyNode);
}

function isFunctionScope(node: AnyNode): boolean {
  return isFunction(node) || node.type === 'Program';
}

function isBlockScope(node: AnyNode): boolean {
  return (
    isFunctionScope(node) ||
    node.type === 'BlockStatement' ||
    node.type === 'ForInStatement' ||
    node.type === 'ForOfStatement' ||
    node.type === 'ForStatement' ||
    node.type === 'SwitchStatement'
  );
}

function patternNames(pattern: Pattern): string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        patternNames(property.type === 'RestElement' ? property.argument : property.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? patternNames(element) : []));
    case 'RestElement':
      return patternNames(pattern.argument);
    case 'AssignmentPattern':
      return patternNames(pattern.left);
    case 'MemberExpression':
      return [];
  }
}
