import { randomInt } from 'node:crypto';
import { Script, constants, createContext } from 'node:vm';
import { createBuiltins } from './builtins.ts';
import { instrument } from './instrument.ts';
import { compileJavaPattern, translateReplacement } from './java-pattern.ts';
import { EarlyReturnSignal, RaisedSignal } from './outcome.ts';
import type { AppSyncContext, HandlerCall, HandlerName, HandlerOutcome, RuntimePorts } from './outcome.ts';
import { furnishRealm } from './realm.ts';
import type { Realm } from './realm.ts';
import { MAX_LOOP_ITERATIONS, MODULE_EXPORTS, NAMESPACES, PROTOTYPE_METHODS } from './supported.ts';
import { parseAppSyncCode } from './syntax.ts';
import type { ParsedCode, SyntaxProblem } from './syntax.ts';

/** Deployed code, ready to run. Calls are synchronous and independent of each other; only the given stash carries state. */
export interface AppSyncCode {
  readonly name: string;
  /** Never throws: a failure is the outcome's `error`. */
  request(context: AppSyncContext): HandlerOutcome;
  /** Never throws: a failure is the outcome's `error`. */
  response(context: AppSyncContext): HandlerOutcome;
}

/** The code cannot be deployed. The message lists every problem with line and column. */
export class AppSyncCodeError extends Error {
  readonly problems: readonly SyntaxProblem[];
  constructor(name: string, problems: readonly SyntaxProblem[]) {
    super(`${name} is not APPSYNC_JS 1.0.0:\n${problems.map(({ message }) => `  ${message}`).join('\n')}`);
    this.name = 'AppSyncCodeError';
    this.problems = problems;
  }
}

/** Log lines of the code go nowhere unless a port takes them; chance comes from the system. */
const SYSTEM_PORTS: RuntimePorts = {
  now: () => Date.now(),
  random: () => randomInt(2 ** 47) / 2 ** 47,
  log: () => undefined,
};

/**
 * Compiles deployed code once, into a vm context of its own that has only what AppSync documents. Throws {@link AppSyncCodeError}
 * when AppSync would refuse it, or when it imports a module this runtime does not have. A fidelity check, not a security boundary.
 *
 * @example
 * const code = loadAppSyncCode(bundleText, 'Query.conversation');
 * const { result, error } = code.request(context);
 */
export function loadAppSyncCode(code: string, name: string, ports: Partial<RuntimePorts> = {}): AppSyncCode {
  const { parsed, problems } = parseAppSyncCode(code, name);
  const refused = [...problems, ...(parsed ? missingModules(parsed, name) : [])];
  if (!parsed || refused.length > 0) throw new AppSyncCodeError(name, refused);
  const fileName = `appsync-js/${name}`;
  const { text, originalPosition } = instrument(code, parsed);

  let current: HandlerCall | undefined;
  const currentCall = (): HandlerCall => {
    if (!current) throw new TypeError('built-in called outside a handler');
    return current;
  };
  const realm = createRealm(text, fileName, { ...SYSTEM_PORTS, ...ports }, currentCall);
  const failureText = (error: unknown): string => {
    const frame = callSites(error).find((site) => site.getFileName() === fileName);
    const { message } = error as Error;
    if (!frame) return `${message} (${name})`;
    const { line, column } = originalPosition(frame.getLineNumber() ?? 1, frame.getColumnNumber() ?? 1);
    return `${message} (${name}, line ${line}, column ${column})`;
  };
  const run = (handler: HandlerName, context: AppSyncContext): HandlerOutcome => {
    const outcome: HandlerOutcome = {
      result: null,
      stash: context.stash,
      args: context.args ?? context.arguments ?? {},
      appendedErrors: [],
      invalidations: [],
      responseHeaders: {},
    };
    current = { handler, context, outcome };
    try {
      const json = realm.run(handler, contextJson(context, outcome.args));
      return Object.assign(outcome, JSON.parse(json) as Partial<HandlerOutcome>);
    } catch (error) {
      if (error instanceof EarlyReturnSignal) outcome.earlyReturn = error.outcome;
      else if (error instanceof RaisedSignal) outcome.error = error.raised;
      else outcome.error = { message: failureText(error), type: null, data: null, errorInfo: null };
      return Object.assign(outcome, leftovers(realm));
    } finally {
      current = undefined;
    }
  };
  return {
    name,
    request: (context) => run('request', context),
    response: (context) => run('response', context),
  };
}

/**
 * The call sites of an error nobody has read the stack of yet. Whatever formats stacks in this process (source maps, a test runner)
 * would call methods on the realm's functions that are gone, so it is set aside meanwhile.
 */
function callSites(error: unknown): NodeJS.CallSite[] {
  const formatter = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  Error.prepareStackTrace = (_error, sites) => sites;
  try {
    const stack: unknown = (error as Error).stack;
    return Array.isArray(stack) ? (stack as NodeJS.CallSite[]) : [];
  } finally {
    if (formatter) Object.defineProperty(Error, 'prepareStackTrace', formatter);
    else delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
  }
}

function createRealm(
  text: string,
  fileName: string,
  ports: RuntimePorts,
  currentCall: () => HandlerCall,
): Realm {
  const builtins = createBuiltins(ports, currentCall);
  // An ordinary global object instead of a proxied one: its properties can really be removed, and reads are fast.
  const context = createContext(constants.DONT_CONTEXTIFY, {
    codeGeneration: { strings: false, wasm: false },
  });
  const furnish = new Script(`"use strict";(${furnishRealm.toString()})`, { filename: 'appsync-js-realm' });
  const realm = (furnish.runInContext(context) as typeof furnishRealm)(
    {
      call: (name, argumentsJson) => {
        const result = builtins.get(name)?.(...(JSON.parse(argumentsJson) as unknown[]));
        return result === undefined ? undefined : JSON.stringify(result);
      },
      replace: (subject, pattern, replacement, all) =>
        subject.replace(
          compileJavaPattern(pattern, all ? 'all' : 'first'),
          translateReplacement(replacement),
        ),
      random: () => ports.random(),
      log: (level, valuesJson) => ports.log(level, JSON.parse(valuesJson) as unknown[]),
    },
    {
      builtins: [...builtins.keys()],
      namespaces: NAMESPACES,
      prototypeMethods: PROTOTYPE_METHODS,
      maxLoopIterations: MAX_LOOP_ITERATIONS,
    },
  );
  realm.load(new Script(text, { filename: fileName }).runInContext(context) as Parameters<Realm['load']>[0]);
  return realm;
}

/** Arguments first: the code may run with either name for them, and must not see the authorization type. */
function contextJson(context: AppSyncContext, args: Record<string, unknown>): string {
  const { identity, source, result, error, stash, prev, env, request, info } = context;
  return JSON.stringify({ args, identity, source, result, error, stash, prev, env, request, info });
}

/** What a failed call left; a cyclic stash cannot leave the sandbox, so the given one stays. */
function leftovers(realm: Realm): Partial<HandlerOutcome> {
  try {
    return JSON.parse(realm.leftovers()) as Partial<HandlerOutcome>;
  } catch {
    return {};
  }
}

function missingModules({ program }: ParsedCode, name: string): SyntaxProblem[] {
  return program.body.flatMap((node) => {
    if (node.type !== 'ImportDeclaration' || MODULE_EXPORTS[String(node.source.value)] !== null) return [];
    const { line = 1, column = 0 } = node.loc?.start ?? {};
    const message = `${name}:${line}:${column + 1} ${String(node.source.value)} is not supported by the local APPSYNC_JS runtime`;
    return [{ name, construct: 'import', message, line, column: column + 1 }];
  });
}
