import { TemplateError } from './template-error.ts';

/** What intrinsics look up; each function throws `TemplateError` for a name it does not know. */
export interface IntrinsicScope {
  ref(name: string): unknown;
  attribute(logicalId: string, attribute: string): unknown;
  condition(name: string): boolean;
  importValue(exportName: string): unknown;
  mapping(map: string, topKey: string, secondKey: string): unknown;
  /** `service` is `ssm`, `ssm-secure` or `secretsmanager`; `reference` is what follows it in `{{resolve:service:reference}}`. */
  dynamicReference(service: string, reference: string): string;
}

/** `{ "Ref": "AWS::NoValue" }`: the property or list entry is left out. */
const NO_VALUE = Symbol('AWS::NoValue');

type Evaluate = (argument: unknown, scope: IntrinsicScope) => unknown;

function asText(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new TemplateError(`${where} needs a string, got ${JSON.stringify(value) ?? 'nothing'}`);
}

function asList(value: unknown, where: string, length?: number): unknown[] {
  if (Array.isArray(value) && (length === undefined || value.length === length)) return value as unknown[];
  throw new TemplateError(
    `${where} needs a list${length === undefined ? '' : ` of ${length}`}, got ${JSON.stringify(value)}`,
  );
}

function substitute(argument: unknown, scope: IntrinsicScope): string {
  const [text, variables] = Array.isArray(argument) ? (argument as unknown[]) : [argument, {}];
  const own = new Map(Object.entries((variables ?? {}) as Record<string, unknown>));
  return asText(text, 'Fn::Sub').replace(/\$\{([^}]*)\}/g, (whole, name: string) => {
    if (name.startsWith('!')) return `\${${name.slice(1)}}`;
    if (own.has(name)) return asText(resolveIntrinsics(own.get(name), scope), `Fn::Sub ${whole}`);
    const dot = name.indexOf('.');
    const value = dot < 0 ? scope.ref(name) : scope.attribute(name.slice(0, dot), name.slice(dot + 1));
    return asText(value, `Fn::Sub ${whole}`);
  });
}

function holds(argument: unknown, scope: IntrinsicScope): boolean {
  const value = resolveIntrinsics(argument, scope);
  if (typeof value === 'boolean') return value;
  throw new TemplateError(`a condition needs true or false, got ${JSON.stringify(value)}`);
}

const functions: Record<string, Evaluate> = {
  Ref: (name, scope) => (name === 'AWS::NoValue' ? NO_VALUE : scope.ref(asText(name, 'Ref'))),
  Condition: (name, scope) => scope.condition(asText(name, 'Condition')),
  'Fn::GetAtt': (argument, scope) => {
    const [logicalId, ...path] =
      typeof argument === 'string' ? argument.split('.') : asList(argument, 'Fn::GetAtt');
    const attribute = path.map((part) => asText(resolveIntrinsics(part, scope), 'Fn::GetAtt')).join('.');
    return scope.attribute(asText(logicalId, 'Fn::GetAtt'), attribute);
  },
  'Fn::Sub': substitute,
  'Fn::Join': (argument, scope) => {
    const [separator, list] = asList(argument, 'Fn::Join', 2);
    return asList(resolveIntrinsics(list, scope), 'Fn::Join')
      .map((part) => asText(part, 'Fn::Join'))
      .join(asText(separator, 'Fn::Join'));
  },
  'Fn::Select': (argument, scope) => {
    const [index, list] = asList(argument, 'Fn::Select', 2);
    const chosen = Number(resolveIntrinsics(index, scope));
    const values = asList(resolveIntrinsics(list, scope), 'Fn::Select');
    if (!(chosen in values))
      throw new TemplateError(`Fn::Select: index ${chosen} is not in a list of ${values.length}`);
    return values[chosen];
  },
  'Fn::Split': (argument, scope) => {
    const [separator, text] = asList(argument, 'Fn::Split', 2);
    return asText(resolveIntrinsics(text, scope), 'Fn::Split').split(asText(separator, 'Fn::Split'));
  },
  'Fn::If': (argument, scope) => {
    const [name, whenTrue, whenFalse] = asList(argument, 'Fn::If', 3);
    return resolveValue(scope.condition(asText(name, 'Fn::If')) ? whenTrue : whenFalse, scope);
  },
  'Fn::Equals': (argument, scope) => {
    const [left, right] = asList(argument, 'Fn::Equals', 2).map((side) => resolveIntrinsics(side, scope));
    return JSON.stringify(left) === JSON.stringify(right);
  },
  'Fn::Not': (argument, scope) => !holds(asList(argument, 'Fn::Not', 1)[0], scope),
  'Fn::And': (argument, scope) => asList(argument, 'Fn::And').every((part) => holds(part, scope)),
  'Fn::Or': (argument, scope) => asList(argument, 'Fn::Or').some((part) => holds(part, scope)),
  'Fn::ImportValue': (name, scope) =>
    scope.importValue(asText(resolveIntrinsics(name, scope), 'Fn::ImportValue')),
  'Fn::FindInMap': (argument, scope) => {
    const keys = asList(argument, 'Fn::FindInMap', 3).map((key) =>
      asText(resolveIntrinsics(key, scope), 'Fn::FindInMap'),
    );
    return scope.mapping(keys[0]!, keys[1]!, keys[2]!);
  },
};

function resolveText(text: string, scope: IntrinsicScope): string {
  return text.replace(/\{\{resolve:([^:}]+):([^}]*)\}\}/g, (_whole, service: string, reference: string) =>
    scope.dynamicReference(service, reference),
  );
}

function resolveValue(value: unknown, scope: IntrinsicScope): unknown {
  if (typeof value === 'string') return resolveText(value, scope);
  if (Array.isArray(value))
    return value.map((entry) => resolveValue(entry, scope)).filter((entry) => entry !== NO_VALUE);
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, unknown][] = Object.entries(value);
  const [name, argument] = entries[0] ?? ['', undefined];
  if (entries.length === 1 && (name === 'Ref' || name === 'Condition' || name.startsWith('Fn::'))) {
    // A policy statement may hold a lone "Condition" object; the intrinsic of that name always holds a string.
    if (name === 'Condition' && typeof argument !== 'string')
      return { Condition: resolveIntrinsics(argument, scope) };
    const evaluate = functions[name];
    if (evaluate === undefined) throw new TemplateError(`intrinsic function ${name} is not supported`);
    const result = evaluate(argument, scope);
    // Join and Sub may assemble a dynamic reference out of parts.
    return typeof result === 'string' ? resolveText(result, scope) : result;
  }
  return Object.fromEntries(
    entries
      .map(([key, entry]) => [key, resolveValue(entry, scope)] as const)
      .filter(([, entry]) => entry !== NO_VALUE),
  );
}

/**
 * The value with every intrinsic function and dynamic reference replaced. Pure apart from what `scope` does; looks nothing up that the
 * value does not use (the branch of `Fn::If` not taken is not resolved). `AWS::NoValue` removes its property or list entry.
 * Throws `TemplateError` for an unknown function or a malformed argument.
 */
export function resolveIntrinsics(value: unknown, scope: IntrinsicScope): unknown {
  const resolved = resolveValue(value, scope);
  return resolved === NO_VALUE ? undefined : resolved;
}
