import { devNull } from 'node:os';

import type { Principal } from '../iam/principals.ts';
import type { LambdaModel } from '../template/lambda-model.ts';

/**
 * The whole environment of a function: the template's variables, what Lambda sets itself (which the template cannot override), then
 * `overrides`. Nothing of this process's own environment is in it.
 */
export function functionEnvironment(
  lambda: LambdaModel,
  principal: Principal,
  region: string,
  overrides: Readonly<Record<string, string>>,
): Record<string, string> {
  return {
    ...lambda.environment,
    _HANDLER: lambda.handler,
    AWS_ACCESS_KEY_ID: principal.accessKeyId,
    AWS_SECRET_ACCESS_KEY: principal.secretAccessKey,
    AWS_SESSION_TOKEN: principal.sessionToken,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${lambda.runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: lambda.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(lambda.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: lambda.logGroupName,
    AWS_LAMBDA_LOG_STREAM_NAME: LOG_STREAM,
    LAMBDA_TASK_ROOT: lambda.assetPath,
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    // The developer's own AWS profile must not decide where a function's SDK calls go.
    AWS_CONFIG_FILE: devNull,
    AWS_SHARED_CREDENTIALS_FILE: devNull,
    AWS_EC2_METADATA_DISABLED: 'true',
    ...overrides,
  };
}

/** The one log stream of a local function. */
export const LOG_STREAM = 'local';
