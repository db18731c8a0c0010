import { AccessDeniedError } from '../../iam/index.ts';
import type { Principal } from '../../iam/index.ts';
import { messageOf } from '../errors.ts';
import type { InvokeLambda } from '../ports.ts';
import { asObject, failed } from './data-source.ts';
import type { DataSource } from './data-source.ts';

/** Where an AWS_LAMBDA data source leads and who calls. */
export interface LambdaTarget {
  functionArn: string;
  principal: Principal;
  invoke: InvokeLambda;
}

/**
 * The AWS_LAMBDA data source: `{operation: 'Invoke', invocationType?, payload}`. The function receives the payload only. An
 * `Event` call gives null as soon as it is queued. Errors: `Lambda:Unhandled` with the function's message for a failed function,
 * `Lambda:AccessDeniedException` for a missing grant, `Lambda:Unknown` when the call itself fails. `BatchInvoke` is refused by name.
 */
export function lambdaDataSource(target: LambdaTarget): DataSource {
  return async (request) => {
    const { operation, invocationType = 'RequestResponse', payload } = asObject(request) ?? {};
    if (operation !== 'Invoke') {
      return failed(
        'Lambda:IllegalArgument',
        `The local stack has no Lambda operation ${String(operation)}.`,
      );
    }
    if (invocationType !== 'RequestResponse' && invocationType !== 'Event') {
      return failed('Lambda:IllegalArgument', `Unknown invocationType ${String(invocationType)}.`);
    }
    try {
      const answer = await target.invoke({
        functionArn: target.functionArn,
        invocationType,
        payload: payload ?? null,
        principal: target.principal,
      });
      if (answer.functionError !== undefined)
        return failed('Lambda:Unhandled', answer.functionError.errorMessage);
      return { result: invocationType === 'Event' ? null : (answer.payload ?? null) };
    } catch (cause) {
      if (cause instanceof AccessDeniedError) return failed('Lambda:AccessDeniedException', cause.message);
      return failed('Lambda:Unknown', messageOf(cause));
    }
  };
}
