import { EventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import { LambdaDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import { Duration, Stack } from 'aws-cdk-lib/core';

import type { ChatConfig } from '../config.ts';
import type { ChatApi } from './chat-api.ts';
import type { ChatFunction } from './chat-function.ts';
import type { ChatFunctions } from './chat-functions.ts';
import type { ChatTable, TableAction } from './chat-table.ts';

/** What a function works with. */
export interface AccessProps {
  functions: ChatFunctions;
  table: ChatTable;
  chatApi: ChatApi;
  config: ChatConfig;
}

const WORKER_ACTIONS: readonly TableAction[] = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'];
const SETTLE_ACTIONS: readonly TableAction[] = ['GetItem', 'PutItem', 'UpdateItem', 'Query'];
const PURGE_ACTIONS: readonly TableAction[] = ['GetItem', 'Query', 'BatchWriteItem'];

/** A start that no worker took within this time goes to `settle`: the message's own start-by time is as long. */
const START_BY = Duration.seconds(60);

/** Every right of every function beyond its own log, each as a policy of its own, and who settles a failed `generate`. */
export function grantAccess({ functions, table, chatApi, config }: AccessProps): void {
  const { generate, http, settle, purge } = functions;
  grantTable(generate, WORKER_ACTIONS, table.arns(false));
  grantTable(http, WORKER_ACTIONS, table.arns(true));
  grantTable(settle, SETTLE_ACTIONS, table.arns(false));
  grantTable(purge, PURGE_ACTIONS, table.arns(false));

  const publishArn = chatApi.fieldArn('Mutation', 'publishTokens');
  for (const publisher of [generate, http, settle])
    publisher.grant('Publish', ['appsync:GraphQL'], [publishArn]);

  if (config.modelProvider === 'bedrock') for (const worker of [generate, http]) grantBedrock(worker);

  generate.grantInvoke(generate);
  http.grantInvoke(generate);
  http.grantInvoke(settle);
  purge.grantInvoke(purge);
  settleFailures(functions);
}

function grantTable(target: ChatFunction, actions: readonly TableAction[], arns: readonly string[]): void {
  target.grant(
    'UseTable',
    actions.map((action) => `dynamodb:${action}`),
    arns,
  );
}

/** The endpoint that the openai package calls for Bedrock; a project is an account's own, so no other account is named. */
function grantBedrock(worker: ChatFunction): void {
  const { partition, region, account } = Stack.of(worker);
  const projects = `arn:${partition}:bedrock-mantle:${region}:${account}:project/*`;
  worker.grant('CreateInference', ['bedrock-mantle:CreateInference'], [projects]);
}

/** No retries: a second try would ask the model again. What fails, or waits too long, is ended by `settle`. */
function settleFailures({ generate, settle }: ChatFunctions): void {
  const mayDeliver = generate.grantInvoke(settle);
  const events = new EventInvokeConfig(generate, 'Events', {
    function: generate.function,
    retryAttempts: 0,
    maxEventAge: START_BY,
    onFailure: new LambdaDestination(settle.function),
  });
  // Lambda refuses a destination that the function's role may not invoke yet.
  events.node.addDependency(mayDeliver);
}
