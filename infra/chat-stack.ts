import { CfnOutput, Stack } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';

import type { FunctionName } from './bundle.ts';
import type { ChatConfig } from './config.ts';
import { grantAccess } from './constructs/access.ts';
import { ChatApi } from './constructs/chat-api.ts';
import { ChatDistribution } from './constructs/chat-distribution.ts';
import { ChatFunctions } from './constructs/chat-functions.ts';
import { ChatRestApi } from './constructs/chat-rest-api.ts';
import { ChatTable } from './constructs/chat-table.ts';
import { ChatUsers } from './constructs/chat-users.ts';
import { DataSources } from './constructs/data-sources.ts';
import { ResolverSet } from './constructs/resolver-set.ts';
import { RESOLVERS } from './resolvers.ts';

/** What the stack is made from. */
export interface ChatStackProps {
  /** The repository: schema.graphql and resolvers/ are read from here. */
  root: string;
  config: ChatConfig;
  /** Folders of the bundled functions; they may go away once the stack is constructed. */
  bundles: Record<FunctionName, string>;
  /** Folder for the source maps of the resolvers. Default: none are written. */
  sourceMaps?: string | undefined;
  now: Date;
}

/**
 * The whole service in one stack without custom resources. Construct ids are part of the names of what is deployed: renaming one
 * replaces what it made.
 */
export class ChatStack extends Stack {
  constructor(scope: Construct, id: string, props: ChatStackProps) {
    const { root, config, bundles, sourceMaps, now } = props;
    super(scope, id, {
      stackName: config.stackName,
      description: 'appsync-chat: real-time chat for LLM answers over AppSync GraphQL and SSE',
    });
    const users = new ChatUsers(this, 'Users', { retain: config.retainData });
    const table = new ChatTable(this, 'Data', { retain: config.retainData });
    const chatApi = new ChatApi(this, 'Chat', {
      root,
      users,
      playground: config.playground,
      environment: { MODELS: config.models.join(',') },
      now,
    });
    const functions = new ChatFunctions(this, 'Functions', { config, bundles, users, table, chatApi });
    grantAccess({ functions, table, chatApi, config });
    const { api } = chatApi;
    const { generate, settle, purge } = functions;
    const sources = new DataSources(this, 'Sources', { api, table, generate, settle, purge });
    new ResolverSet(this, 'Resolvers', {
      root,
      api,
      manifest: RESOLVERS,
      dataSources: sources.byName,
      sourceMaps,
    });

    this.#output('GraphqlUrl', api.graphqlUrl);
    this.#output('RealtimeUrl', chatApi.realtimeUrl);
    this.#output('HttpUrl', functions.doorUrl.url);
    this.#output('UserPoolId', users.pool.userPoolId);
    this.#output('UserPoolClientId', users.client.userPoolClientId);
    this.#output('Region', this.region);
    if (api.apiKey !== undefined) this.#output('ApiKey', api.apiKey);
    this.#fronts(config, functions);
  }

  /** What may stand before the HTTP door. */
  #fronts({ restApi, cloudFront, geoCountries }: ChatConfig, { http, doorUrl }: ChatFunctions): void {
    if (restApi) {
      const front = new ChatRestApi(this, 'Rest', { door: http });
      this.#output('RestApiUrl', front.url);
    }
    if (cloudFront) {
      const front = new ChatDistribution(this, 'Cdn', { doorUrl, countries: geoCountries });
      this.#output('CdnUrl', front.url);
    }
  }

  #output(name: string, value: string): void {
    new CfnOutput(this, name, { value });
  }
}
