/** A failed invocation as Lambda reports it: the payload of an Invoke answer with `X-Amz-Function-Error: Unhandled`. */
export interface LambdaFailure {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** How an invocation ended. `payload` is JSON text; undefined for a handler that streamed its answer. */
export type Outcome =
  | { ok: true; payload: string | undefined }
  | {
      ok: false;
      failure: LambdaFailure;
      /** The event was too old before a worker was free; nothing ran. */ expired?: true;
    };

/** What a handler threw, in Lambda's shape; a thrown value that is no Error has no trace. */
export function failureOf(thrown: unknown): LambdaFailure {
  if (thrown instanceof Error)
    return { errorType: thrown.name, errorMessage: thrown.message, trace: (thrown.stack ?? '').split('\n') };
  const errorMessage = typeof thrown === 'string' ? thrown : (JSON.stringify(thrown) ?? String(thrown));
  return { errorType: typeof thrown, errorMessage, trace: [] };
}

/** The invocation ran longer than the function's timeout and was stopped. */
export function timedOut(requestId: string, timeoutMs: number): LambdaFailure {
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1000).toFixed(2)} seconds`,
  };
}

/** The runtime ended under the invocation: a crash, an exit, a kill. */
export function runtimeExited(requestId: string, how: string): LambdaFailure {
  return {
    errorType: 'Runtime.ExitError',
    errorMessage: `RequestId: ${requestId} Error: Runtime exited ${how}`,
  };
}
