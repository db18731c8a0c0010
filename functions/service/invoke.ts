import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

/** Invokes a function asynchronously; resolves when Lambda has queued the event. */
export type Invoke = (functionName: string, event: unknown) => Promise<void>;

/** Asynchronous invocation over the AWS SDK: three tries of 3 s. */
export function createInvoke(): Invoke {
  const client = new LambdaClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
  });
  return async (functionName, event) => {
    await client.send(
      new InvokeCommand({
        FunctionName: functionName,
        InvocationType: 'Event',
        Payload: JSON.stringify(event),
      }),
    );
  };
}
