import type { ModelChoice } from './model-choice.ts';
import type { LocalStack } from './stack.ts';

/** What `npm start` prints once every part answers: addresses, accounts, and a curl line that streams as it stands. */
export function banner(
  stack: Pick<LocalStack, 'graphqlUrl' | 'realtimeUrl' | 'httpUrl' | 'apiKey'>,
  model: ModelChoice,
  keepsData: boolean,
): string {
  return `
appsync-chat is ready (local stack, not for production)

  GraphQL     ${stack.graphqlUrl}
  real-time   ${stack.realtimeUrl}
  HTTP door   ${stack.httpUrl}
  switches    ${stack.graphqlUrl.replace('/graphql', '/local/...')}

  API key     ${stack.apiKey}        token: npm run -s token -- alice
  model       ${model.isOffline ? 'offline (set OPENAI_API_KEY or OPENAI_BASE_URL for a real one)' : model.name}
  data        ${keepsData ? '.local/ (--memory keeps none)' : 'kept in memory only'}

Stream an answer:

  curl -N ${stack.httpUrl}/chat -H 'x-api-key: ${stack.apiKey}' -H 'content-type: application/json' -d '{"text":"/tokens 50 10"}'

Ctrl-C stops everything.
`;
}
