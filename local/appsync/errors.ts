import type { GraphQLError, SourceLocation as GraphQLSourceLocation } from 'graphql';

/** A position in the query text, in the shape AppSync sends it: `sourceName` is always null. */
export interface WireLocation {
  line: number;
  column: number;
  sourceName: null;
}

/**
 * One entry of `errors`, as AppSync serialises it. Request errors carry `path: null`; errors of resolvers carry
 * `data`, `errorType` and `errorInfo` beside path and locations; null errors carry `locations: null`.
 */
export interface WireError {
  path?: readonly (string | number)[] | null;
  data?: unknown;
  errorType?: string | null;
  errorInfo?: unknown;
  errorCode?: number;
  locations?: readonly WireLocation[] | null;
  message: string;
}

/** The body of a GraphQL answer. `data` is absent where AppSync leaves it out (requests that never reach the engine). */
export interface WireResponse {
  data?: Record<string, unknown> | null;
  errors?: WireError[];
}

/**
 * A request that never reaches execution: HTTP answers it with `status` and `x-amzn-ErrorType: errorType`, the
 * real-time channel with `connection_error` or `error`.
 */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly status: number;
  readonly errorType: string;

  constructor(status: number, errorType: string, message: string) {
    super(message);
    this.status = status;
    this.errorType = errorType;
  }

  /** The one entry of `errors` that answers the request. */
  toWire(): WireError {
    return { errorType: this.errorType, message: this.message };
  }
}

/** An error of one field: thrown inside execution, serialised with the path and location of that field. */
export class FieldError extends Error {
  override readonly name = 'FieldError';
  readonly errorType: string | null;
  readonly data: unknown;
  readonly errorInfo: unknown;

  constructor(message: string, errorType: string | null, data: unknown = null, errorInfo: unknown = null) {
    super(message);
    this.errorType = errorType;
    this.data = data ?? null;
    this.errorInfo = errorInfo ?? null;
  }
}

/** AppSync's answer to a caller without rights: 401 `UnauthorizedException`. */
export function unauthorized(message = 'You are not authorized to make this call.'): RequestRefused {
  return new RequestRefused(401, 'UnauthorizedException', message);
}

/** A request error without a field: `{path: null, locations, message}`, answered with status 200 and `data: null`. */
export function requestError(message: string, locations: readonly GraphQLSourceLocation[] = []): WireError {
  return { path: null, locations: locations.map(toWireLocation), message };
}

/** graphql-js location to AppSync's. */
export function toWireLocation(location: GraphQLSourceLocation): WireLocation {
  return { line: location.line, column: location.column, sourceName: null };
}

/** `/messages/items[0]/text`: the way AppSync writes a response path into messages. */
export function slashPath(path: readonly (string | number)[]): string {
  return path.map((step) => (typeof step === 'number' ? `[${step}]` : `/${step}`)).join('');
}

/** The text of an unknown throwable, without a stack. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

/** The error a resolver threw, below the wrappers graphql-js puts around it. */
export function rootCause(error: GraphQLError): unknown {
  return error.originalError ?? error;
}
