/** The GraphQL endpoint's address, or the Amplify outputs that hold it (`amplify_outputs.json`). */
export type ChatEndpoint = string | { readonly data: { readonly url: string } };

/**
 * How requests are authorized. `token`: `getToken` is called for every request and subscription, and once more when the
 * service refuses a token, then with that token: so it may answer a cached one until it expires or is refused. When it
 * throws, the request fails with UNAUTHENTICATED. `amplify`: Amplify's own session, in the default mode of the endpoint that
 * `Amplify.configure` was given; at another endpoint the signed-in user's, whatever that mode is.
 */
export type ChatAuth =
  | { readonly type: 'apiKey'; readonly apiKey: string }
  | {
      readonly type: 'token';
      readonly getToken: (refused?: string) => Promise<string>;
      /** Whose tokens they are: unsent messages are kept under this name. @defaultValue the token's subject */
      readonly user?: string;
    }
  | { readonly type: 'amplify' };
