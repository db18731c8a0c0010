/**
 * What CloudFormation would know only after a deployment, given by whoever starts the local stack.
 * Everything else (names, ids, ARNs) is derived from stack name and logical id, so that a restart finds its data again.
 */
export interface LocalValues {
  region: string;
  accountId: string;
  /** Values for template parameters; a parameter without one takes its default. */
  parameters?: Record<string, string>;
  /** The GraphQL endpoint, `http://127.0.0.1:4000/graphql`. */
  graphqlUrl: string;
  /** The WebSocket endpoint, `ws://127.0.0.1:4000/graphql/realtime`. */
  realtimeUrl: string;
  /** The address of the Function URL of a function; a trailing slash is added as on AWS when it is missing. */
  functionUrl(functionName: string): string;
  /** The issuer of a user pool's tokens (attribute ProviderURL). */
  providerUrl(userPoolId: string): string;
  /** The value of an `AWS::AppSync::ApiKey`. */
  apiKey: string;
  /** Answers `{{resolve:service:reference}}`; without it such a reference is an error. */
  dynamicReference?(service: string, reference: string): string;
}
