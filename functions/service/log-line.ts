/** One structured line in the function's log. Never message text, tokens or headers (I9). */
export type LogLine = (
  level: 'info' | 'warn' | 'error',
  event: string,
  details?: Record<string, unknown>,
) => void;

/** Describes an error for the log: name, message, status and, for nested ones, the cause. */
export function describe(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const status = (error as { status?: unknown }).status;
  return {
    error: error.name,
    message: error.message,
    ...(status === undefined ? {} : { status }),
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
