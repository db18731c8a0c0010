import path from 'node:path';

import {
  AuthorizationType,
  Definition,
  GraphqlApi,
  IntrospectionConfig,
  SchemaFile,
  Visibility,
  type AuthorizationMode,
  type CfnGraphQLApi,
} from 'aws-cdk-lib/aws-appsync';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { ArnFormat, Duration, Expiration, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';

import { deployedSchema } from '../schema.ts';
import type { ChatUsers } from './chat-users.ts';
import { grant } from './grant.ts';

/** The standard introspection query is 15 levels deep; nothing in the schema itself is recursive, so no other query gets near. */
const QUERY_DEPTH_LIMIT = 16;
/** Root fields one request may resolve. Clients ask for one or two; aliases must not start hundreds of answers. */
const RESOLVER_COUNT_LIMIT = 25;
/** AppSync's longest; a key without explicit expiry lasts 7 days. */
const API_KEY_DAYS = 365;

/** What the API is made of. */
export interface ChatApiProps {
  root: string;
  users: ChatUsers;
  playground: boolean;
  /** Environment of the resolvers (`ctx.env`); readable for everyone who can read the API's settings. */
  environment: Record<string, string>;
  /** The time of the synthesis; the API key expires 365 days after the day it lies in. */
  now: Date;
}

const DAY_MS = 86_400_000;

/** Counted from midnight, so that templates synthesized on one day are equal. */
function keyExpiry(now: Date): Expiration {
  const midnight = Math.floor(now.getTime() / DAY_MS) * DAY_MS;
  return Expiration.atTimestamp(midnight + Duration.days(API_KEY_DAYS).toMilliseconds());
}

/**
 * The GraphQL API with its schema: user pool tokens by default, IAM for the publisher, an API key only in the playground.
 * Errors of resolvers are logged without arguments, headers or results, because those hold what people write.
 */
export class ChatApi extends Construct {
  readonly api: GraphqlApi;
  /** The WebSocket endpoint of subscriptions. */
  readonly realtimeUrl: string;

  constructor(scope: Construct, id: string, props: ChatApiProps) {
    super(scope, id);
    const schema = SchemaFile.fromAsset(path.join(props.root, 'schema.graphql'));
    schema.definition = deployedSchema(props.root, props.playground);
    const keyMode: AuthorizationMode = {
      authorizationType: AuthorizationType.API_KEY,
      apiKeyConfig: { expires: keyExpiry(props.now) },
    };
    this.api = new GraphqlApi(this, 'Api', {
      name: Stack.of(this).stackName,
      definition: Definition.fromSchema(schema),
      authorizationConfig: {
        defaultAuthorization: {
          authorizationType: AuthorizationType.USER_POOL,
          userPoolConfig: {
            userPool: props.users.pool,
            appIdClientRegex: props.users.client.userPoolClientId,
          },
        },
        additionalAuthorizationModes: [
          { authorizationType: AuthorizationType.IAM },
          ...(props.playground ? [keyMode] : []),
        ],
      },
      visibility: Visibility.GLOBAL,
      introspectionConfig: IntrospectionConfig.ENABLED,
      queryDepthLimit: QUERY_DEPTH_LIMIT,
      resolverCountLimit: RESOLVER_COUNT_LIMIT,
      environmentVariables: props.environment,
      xrayEnabled: false,
    });
    const resource = this.api.node.defaultChild as CfnGraphQLApi;
    this.realtimeUrl = resource.attrRealtimeUrl;
    this.#logErrors(resource);
  }

  /** The ARN that IAM checks for one root field. */
  fieldArn(type: string, field: string): string {
    return Stack.of(this).formatArn({
      service: 'appsync',
      resource: 'apis',
      resourceName: `${this.api.apiId}/types/${type}/fields/${field}`,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  }

  /** Set on the L1 resource: the L2's `logConfig` brings a custom resource whose role covers every log group of the account. */
  #logErrors(resource: CfnGraphQLApi): void {
    const role = new Role(this, 'LogRole', { assumedBy: new ServicePrincipal('appsync.amazonaws.com') });
    resource.logConfig = {
      cloudWatchLogsRoleArn: role.roleArn,
      fieldLogLevel: 'ERROR',
      excludeVerboseContent: true,
    };
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/appsync/apis/${this.api.apiId}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const actions = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];
    grant(this, 'MayLog', role, actions, [logGroup.logGroupArn]);
  }
}
