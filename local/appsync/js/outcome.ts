/** How AppSync names the authorization modes of an API. */
export type AuthType = 'API_KEY' | 'AWS_IAM' | 'AMAZON_COGNITO_USER_POOLS' | 'OPENID_CONNECT' | 'AWS_LAMBDA';

/**
 * What the engine gives a handler. Plain JSON: it is copied into the sandbox, so nothing the code does changes the caller's object.
 */
export interface AppSyncContext {
  /** The field's arguments. The code sees one object as both `ctx.args` and `ctx.arguments`. */
  args: Record<string, unknown>;
  /** Same as `args`; used only when `args` is absent. */
  arguments?: Record<string, unknown>;
  /** Null for an API key. */
  identity: unknown;
  source?: unknown;
  /** Data source result; undefined in a request handler. */
  result?: unknown;
  /** The data source's error, if any. AppSync never throws it, the response handler must look. */
  error?: { message: string; type: string | null };
  stash: Record<string, unknown>;
  prev?: { result: unknown };
  env: Record<string, string>;
  request: { headers: Record<string, unknown>; domainName: string | null };
  /** `selectionSetList` and `selectionSetGraphQL` are left out when the code stringifies `ctx.info`, as on AWS. */
  info: {
    fieldName: string;
    parentTypeName: string;
    variables: Record<string, unknown>;
    selectionSetList: string[];
    selectionSetGraphQL: string;
  };
  /** The caller's mode, answered by `util.authType()` and not visible as `ctx.authType`. Without it `util.authType()` fails. */
  authType?: AuthType;
}

/** An entry for the `errors` of a GraphQL response, before path and locations are added. */
export interface RaisedError {
  message: string;
  /** The `errorType` on the wire; null for a run-time failure of the code itself. */
  type: string | null;
  data: unknown;
  errorInfo: unknown;
}

/** Everything one handler call did. Plain JSON; nothing is thrown, a failure is `error`. */
export interface HandlerOutcome {
  /** What the handler returned; null after `error` or `earlyReturn`, and for undefined. */
  result: unknown;
  /** `ctx.stash` and `ctx.args` as the call left them, also after an error. */
  stash: Record<string, unknown>;
  args: Record<string, unknown>;
  /** In call order. Errors stay listed when the call ends in `error`. */
  appendedErrors: RaisedError[];
  /** From `util.error`, `util.unauthorized`, or a run-time failure (type null, message with line and column). */
  error?: RaisedError;
  /**
   * From `runtime.earlyReturn`. `NEXT` unless the code says otherwise; in a pipeline resolver's request handler there is no next
   * function to run, so both values mean its response handler.
   */
  earlyReturn?: { value: unknown; skipTo: 'END' | 'NEXT' };
  /** Last value given to `extensions.setSubscriptionFilter`, unchecked except for having a `filterGroup` list. */
  subscriptionFilter?: unknown;
  invalidationFilter?: unknown;
  /** Distinct arguments of `extensions.invalidateSubscriptions`, at most five. */
  invalidations: unknown[];
  /** Lower-case names; the last value per name. */
  responseHeaders: Record<string, string>;
}

/** The two exports of deployed code. */
export type HandlerName = 'request' | 'response';

/** What the built-in functions may read and write during one call. */
export interface HandlerCall {
  handler: HandlerName;
  context: AppSyncContext;
  outcome: Pick<
    HandlerOutcome,
    'appendedErrors' | 'subscriptionFilter' | 'invalidationFilter' | 'invalidations' | 'responseHeaders'
  >;
}

/** Time, chance and log of the runtime. */
export interface RuntimePorts {
  /** Milliseconds since 1970. */
  now: () => number;
  /** Uniform in [0, 1). Feeds `Math.random`, `util.math`, ids. */
  random: () => number;
  /** `console.log` and `console.error` of the code, with values as JSON gives them. */
  log: (level: 'log' | 'error', values: unknown[]) => void;
}

/** A built-in function: JSON in, JSON out. Undefined is returned to the code as undefined. */
export type Builtin = (...values: unknown[]) => unknown;

/** Ends a call with an entry for `errors`. */
export class RaisedSignal extends Error {
  readonly raised: RaisedError;
  constructor(raised: RaisedError) {
    super(raised.message);
    this.raised = raised;
  }
}

/** Ends a call with a value. */
export class EarlyReturnSignal extends Error {
  readonly outcome: { value: unknown; skipTo: 'END' | 'NEXT' };
  constructor(outcome: { value: unknown; skipTo: 'END' | 'NEXT' }) {
    super('runtime.earlyReturn');
    this.outcome = outcome;
  }
}

/** The value as a string argument of the named built-in. Throws a message for the author of the code otherwise. */
export function stringArgument(builtin: string, value: unknown): string {
  if (typeof value !== 'string') {
    throw new TypeError(`${builtin} expects a string, got ${JSON.stringify(value)}`);
  }
  return value;
}

/** The value as a number argument of the named built-in. Throws a message for the author of the code otherwise. */
export function numberArgument(builtin: string, value: unknown): number {
  if (typeof value !== 'number') {
    throw new TypeError(`${builtin} expects a number, got ${JSON.stringify(value)}`);
  }
  return value;
}

/** The value as an object (no list) argument of the named built-in. Throws a message for the author of the code otherwise. */
export function objectArgument(builtin: string, value: unknown): Record<string, unknown> {
  if (!isRecord(value)) throw new TypeError(`${builtin} expects an object, got ${JSON.stringify(value)}`);
  return value;
}

/** True for an object that is neither null nor a list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
