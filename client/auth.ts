/** The GraphQL endpoint's address, or the Amplify outputs that hold it (`amplify_outputs.json`). */
export type ChatEndpoint = string | { readonly data: { readonly url: string } };

/**
 * How requests are authorized. `token`: `getToken` is called for every request and subscription, and once more when the
 * service refuses a token, so it may answer a cached one until that expires; when it throws, the request fails with
 * UNAUTHENTICATED. `amplify`: Amplify's own session.
 */
export type ChatAuth =
  | { readonly type: 'apiKey'; readonly apiKey: string }
  | { readonly type: 'token'; readonly getToken: () => Promise<string> }
  | { readonly type: 'amplify' };
