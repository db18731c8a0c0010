import type { HandlerName } from './outcome.ts';

/** What the realm may ask of its host. Only text crosses. */
export interface RealmHost {
  /** Runs a built-in on a JSON list of arguments; JSON of the result, or undefined. */
  call(name: string, argumentsJson: string): string | undefined;
  replace(text: string, pattern: string, replacement: string, all: boolean): string;
  random(): number;
  log(level: 'log' | 'error', valuesJson: string): void;
}

export interface RealmSpec {
  /** Dotted names of all built-ins. */
  builtins: readonly string[];
  namespaces: Readonly<Record<string, readonly string[]>>;
  prototypeMethods: Readonly<Record<'String' | 'Array', readonly string[]>>;
  maxLoopIterations: number;
}

/** Makes the handlers out of the built-in modules; run anew for every call, so module state never outlives one. */
type Instantiate = (modules: Record<string, unknown>) => Record<HandlerName, (context: unknown) => unknown>;

/** A furnished realm. */
export interface Realm {
  /** Gives the realm its code: the value of an instrumented script. */
  load(script: (...values: unknown[]) => Instantiate): void;
  /** Calls a handler; JSON of `{ result, args, stash }`. Throws what the code threw. */
  run(handler: HandlerName, contextJson: string): string;
  /** JSON of `{ args, stash }` as the last call left them. */
  leftovers(): string;
}

/**
 * Furnishes a fresh vm context: takes away every global and prototype method AppSync does not document, and builds the built-ins.
 * Its source text is what runs, inside the context: it must not mention anything outside itself, and must take what it needs from
 * the globals before they go. Freezing keeps one call from changing what the next one sees.
 */
export function furnishRealm(host: RealmHost, spec: RealmSpec): Realm {
  const { parse, stringify } = JSON;
  const { apply, ownKeys, deleteProperty } = Reflect;
  const { freeze, defineProperty, entries, values } = Object;
  const { isArray } = Array;
  const { sort, join } = Array.prototype;
  const { iterator, toPrimitive } = Symbol;
  const TypeErrorHere = TypeError;
  const textOf = String;
  const prototypes: [object, readonly string[]][] = [
    [Array.prototype, spec.prototypeMethods.Array],
    [String.prototype, spec.prototypeMethods.String],
    [Number.prototype, []],
    [Boolean.prototype, []],
    [Function.prototype, []],
    [Object.prototype, []],
  ];
  const globals = globalThis as unknown as Record<string, Record<string, unknown> | undefined>;
  const namespaces = entries(spec.namespaces).map(([name, members]) => {
    const namespace: Record<string, unknown> = {};
    for (const member of members) namespace[member] = globals[name]?.[member];
    return [name, namespace] as const;
  });
  const override = (target: object, name: string | symbol, value: unknown): void => {
    defineProperty(target, name, { value, enumerable: false, writable: false, configurable: false });
  };

  for (const key of ownKeys(globals)) deleteProperty(globals, key);
  for (const [prototype, kept] of prototypes) {
    const names: readonly (string | symbol)[] = kept;
    for (const key of ownKeys(prototype)) {
      let keep = key === iterator;
      for (const name of names) keep = keep || key === name;
      if (!keep) deleteProperty(prototype, key);
    }
  }
  const [arrayPrototype, stringPrototype, , , , objectPrototype] = prototypes.map(([prototype]) => prototype);
  // Coercion (`'' + list`) has to work after toString and valueOf are gone; call sites of a stack trace bring their own.
  override(objectPrototype as object, toPrimitive, function (this: { toString?: unknown }) {
    if (typeof this.toString === 'function') return apply(this.toString, this, []) as unknown;
    return isArray(this) ? apply(join, this, [',']) : '[object Object]';
  });
  override(arrayPrototype as object, 'sort', function (this: unknown[], ...comparators: unknown[]) {
    if (comparators.length > 0) throw new TypeErrorHere('Array.prototype.sort does not support arguments');
    return apply(sort, this, []) as unknown[];
  });
  for (const all of [false, true]) {
    override(
      stringPrototype as object,
      all ? 'replaceAll' : 'replace',
      function (this: string, ...given: unknown[]) {
        return host.replace(this, textOf(given[0]), textOf(given[1]), all);
      },
    );
  }
  for (const [prototype] of prototypes) freeze(prototype);

  const overridden: Record<string, Record<string, unknown>> = {
    Math: { random: () => host.random() },
    JSON: {
      parse: (text: unknown) => {
        try {
          return parse(textOf(text)) as unknown;
        } catch {
          return '';
        }
      },
    },
    console: {
      log: (...logged: unknown[]) => host.log('log', stringify(logged)),
      error: (...logged: unknown[]) => host.log('error', stringify(logged)),
    },
  };
  const visible = namespaces.map(([name, namespace]) => freeze({ ...namespace, ...overridden[name] }));

  const roots: Record<string, Record<string, unknown>> = {
    util: {},
    extensions: {},
    runtime: {},
    dynamodb: {},
  };
  for (const dotted of spec.builtins) {
    let path = '';
    let parent: Record<string, unknown> = roots;
    for (const character of dotted) {
      if (character === '.') {
        parent = (parent[path] ??= {}) as Record<string, unknown>;
        path = '';
      } else path += character;
    }
    parent[path] = (...given: unknown[]) => {
      const json = host.call(dotted, stringify(given));
      return json === undefined ? undefined : (parse(json) as unknown);
    };
  }
  for (const root of values(roots)) {
    for (const member of values(root)) freeze(member);
    freeze(root);
  }
  const modules = freeze({
    '@aws-appsync/utils': freeze({ util: roots.util, extensions: roots.extensions, runtime: roots.runtime }),
    '@aws-appsync/utils/dynamodb': roots.dynamodb,
  });

  let instantiate: Instantiate | undefined;
  let live: { args: unknown; stash: unknown } = { args: {}, stash: {} };
  const contextOf = (json: string): object => {
    const { args, stash, info, ...others } = parse(json) as Record<string, Record<string, unknown>>;
    live = { args, stash };
    for (const name of ['selectionSetList', 'selectionSetGraphQL']) {
      if (info) defineProperty(info, name, { value: info[name], enumerable: false });
    }
    for (const value of [info, ...values(others)]) if (value !== null) freeze(value);
    return freeze({ ...others, args, arguments: args, stash, info });
  };
  return {
    load: (script) => {
      instantiate = script(...visible, roots.util, roots.extensions, roots.runtime, () => {
        throw new TypeErrorHere(`loop ran more than ${spec.maxLoopIterations} iterations`);
      });
    },
    run: (handler, contextJson) => {
      const context = contextOf(contextJson);
      if (!instantiate) throw new TypeErrorHere('no code is loaded');
      const result = instantiate(modules)[handler](context);
      if (typeof result === 'object' && typeof (result as { then?: unknown } | null)?.then === 'function') {
        throw new TypeErrorHere(`${handler} returned a promise: APPSYNC_JS has no asynchronous code`);
      }
      return stringify({ result, ...live });
    },
    leftovers: () => stringify(live),
  };
}
