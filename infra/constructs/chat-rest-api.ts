import {
  AuthorizationType,
  EndpointType,
  LambdaIntegration,
  MethodLoggingLevel,
  ResponseTransferMode,
  ResponseType,
  RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { Duration, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

import type { ChatFunction } from './chat-function.ts';

/** Part of every address, so no route of the door may begin with it. */
const STAGE = 'live';
/** Requests a second over all callers, and how many may come at once; what is more gets 429. An answer is one request, however long. */
const REQUESTS_PER_SECOND = 100;
const BURST = 200;
/** The longest a streamed response may take; the default of 29 s is for buffered ones. */
const LONGEST = Duration.minutes(15);

/** What the REST API stands before. */
export interface ChatRestApiProps {
  door: ChatFunction;
}

/**
 * A regional API Gateway REST API that streams the HTTP door's answers: every path and method goes to the same function. Throttled; nothing
 * of a request is logged. The function verifies tokens and answers CORS itself; pages can read API Gateway's own refusals, too.
 */
export class ChatRestApi extends Construct {
  /** With the stage; ends with a slash. */
  readonly url: string;

  constructor(scope: Construct, id: string, { door }: ChatRestApiProps) {
    super(scope, id);
    const api = new RestApi(this, 'Api', {
      restApiName: Stack.of(this).stackName,
      description: 'appsync-chat: the HTTP door',
      // EDGE would end a stream after 30 s of silence instead of 5 minutes.
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: {
        stageName: STAGE,
        throttlingRateLimit: REQUESTS_PER_SECOND,
        throttlingBurstLimit: BURST,
        loggingLevel: MethodLoggingLevel.OFF,
        dataTraceEnabled: false,
      },
    });
    const integration = new LambdaIntegration(door.function, {
      responseTransferMode: ResponseTransferMode.STREAM,
      timeout: LONGEST,
      allowTestInvoke: false,
    });
    const open = { authorizationType: AuthorizationType.NONE };
    // The greedy path does not match the root, which API Gateway would refuse in words of its own.
    api.root.addMethod('ANY', integration, open);
    api.root.addProxy({ defaultIntegration: integration, defaultMethodOptions: open });
    for (const type of [ResponseType.DEFAULT_4XX, ResponseType.DEFAULT_5XX])
      api.addGatewayResponse(type.responseType, {
        type,
        responseHeaders: { 'Access-Control-Allow-Origin': "'*'" },
      });
    // An output of CDK's own beside ours.
    api.node.tryRemoveChild('Endpoint');
    this.url = api.url;
  }
}
