/**
 * What a data source made of a request: `result` becomes `ctx.result`, `error` becomes `ctx.error`. An error is never raised by
 * itself; the response handler decides. Both may be set (a failed condition gives the stored item).
 */
export interface DataSourceOutcome {
  result: unknown;
  error?: { message: string; type: string };
}

/** Carries out the request object that a resolver's request handler returned. Never rejects for what it contains. */
export type DataSource = (request: unknown) => Promise<DataSourceOutcome>;

/** The outcome of a request that the data source does not understand. */
export function failed(type: string, message: string, result: unknown = null): DataSourceOutcome {
  return { result, error: { message, type } };
}

/** The request as an object, or undefined. */
export function asObject(value: unknown): Record<string, unknown> | undefined {
  return value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}
