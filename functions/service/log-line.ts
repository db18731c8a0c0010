/** One structured line in the function's log. Never message text, tokens or headers (I9). */
export type LogLine = (
  level: 'info' | 'warn' | 'error',
  event: string,
  details?: Record<string, unknown>,
) => void;

/**
 * Describes an error for the log: name, message and, for nested ones, the cause. What a model or a parser says may quote
 * the request or the answer, so of those only status, code and type are kept (I9).
 */
export function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const { status, code, type } = error as { status?: unknown; code?: unknown; type?: unknown };
  const isQuoting = 'status' in error || error instanceof SyntaxError;
  return {
    error: error.name,
    ...(isQuoting ? { status, code, type } : { message: error.message }),
    ...(error.cause === undefined ? {} : { cause: describe(error.cause) }),
  };
}

/** Log lines of one invocation, as JSON with its request id. */
export function logLine(requestId: string): LogLine {
  return (level, event, details = {}) => {
    const line = JSON.stringify({ level, requestId, event, ...details });
    if (level === 'error') console.error(line);
    else console.log(line);
  };
}
