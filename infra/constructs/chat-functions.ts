import { Duration } from 'aws-cdk-lib/core';
import { FunctionUrlAuthType, InvokeMode, type FunctionUrl } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';

import type { FunctionName } from '../bundle.ts';
import type { ChatConfig } from '../config.ts';
import { modelEnvironment } from '../environment.ts';
import type { ChatApi } from './chat-api.ts';
import { ChatFunction } from './chat-function.ts';
import type { ChatTable } from './chat-table.ts';
import type { ChatUsers } from './chat-users.ts';

/** What the functions work with. */
export interface ChatFunctionsProps {
  config: ChatConfig;
  /** Folders of the bundled functions. */
  bundles: Record<FunctionName, string>;
  users: ChatUsers;
  table: ChatTable;
  chatApi: ChatApi;
}

/** An answer may run as long as Lambda lets it; then it is handed over. */
const LONGEST = Duration.minutes(15);

/** The four functions with their environments. They may do nothing yet: `grantAccess` says what. */
export class ChatFunctions extends Construct implements Record<FunctionName, ChatFunction> {
  readonly generate: ChatFunction;
  readonly http: ChatFunction;
  readonly settle: ChatFunction;
  readonly purge: ChatFunction;
  /** The Function URL of the HTTP door: open to everyone, behind CloudFront to signed requests alone. */
  readonly doorUrl: FunctionUrl;

  constructor(scope: Construct, id: string, props: ChatFunctionsProps) {
    super(scope, id);
    const { bundles, config } = props;
    const data = { TABLE_NAME: props.table.table.tableName };
    const publishing = { ...data, GRAPHQL_URL: props.chatApi.api.graphqlUrl };
    this.generate = new ChatFunction(this, 'Generate', {
      bundle: bundles.generate,
      description: 'Streams an answer from the model into the log and to subscribers',
      memoryMb: 512,
      timeout: LONGEST,
      environment: { ...publishing, ...modelEnvironment(config) },
    });
    this.settle = new ChatFunction(this, 'Settle', {
      bundle: bundles.settle,
      description: 'Ends answers that have no worker',
      memoryMb: 256,
      timeout: Duration.seconds(60),
      environment: publishing,
    });
    this.purge = new ChatFunction(this, 'Purge', {
      bundle: bundles.purge,
      description: 'Removes the items of deleted conversations',
      memoryMb: 256,
      timeout: LONGEST,
      environment: { ...data, SECOND_PASS_MS: String(config.secondPassMs) },
    });
    this.http = new ChatFunction(this, 'Http', {
      bundle: bundles.http,
      description: 'The HTTP door: the same answers as server-sent events, text or JSON',
      memoryMb: 512,
      timeout: LONGEST,
      environment: { ...publishing, ...modelEnvironment(config), ...this.#doorEnvironment(props) },
    });
    // The handler verifies tokens and answers CORS itself: AWS_IAM would refuse browsers, CORS here would double the headers.
    this.doorUrl = this.http.function.addFunctionUrl({
      authType: config.cloudFront ? FunctionUrlAuthType.AWS_IAM : FunctionUrlAuthType.NONE,
      invokeMode: InvokeMode.RESPONSE_STREAM,
    });
  }

  #doorEnvironment({ users, chatApi }: ChatFunctionsProps): Record<string, string> {
    const issuer = users.pool.userPoolProviderUrl;
    const { apiKey } = chatApi.api;
    return {
      GENERATE_FUNCTION: this.generate.function.functionName,
      SETTLE_FUNCTION: this.settle.function.functionName,
      ISSUER: issuer,
      JWKS_URI: `${issuer}/.well-known/jwks.json`,
      CLIENT_IDS: users.client.userPoolClientId,
      ...(apiKey === undefined ? {} : { PLAYGROUND_API_KEY: apiKey }),
    };
  }
}
