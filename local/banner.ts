import { createHash } from 'node:crypto';
import type { ModelChoice } from './model-choice.ts';
import { reachable } from './reachable.ts';
import type { LocalStack } from './stack.ts';

/** Where `npm run token` looks unless CHAT_PORT is set. */
const DEFAULT_PORT = '4000';

/** What the banner tells of a stack. */
type ShownStack = Pick<
  LocalStack,
  'graphqlUrl' | 'realtimeUrl' | 'httpUrl' | 'webUrl' | 'playgroundUrl' | 'apiKey'
> &
  Partial<Pick<LocalStack, 'restApiUrl' | 'model'>>;

const EXAMPLE = '{"text":"/tokens 50 10"}';

/** What CloudFront wants beside the door's own headers. */
function hashOption({ model }: ShownStack): string {
  if (!model?.lambdas.some(({ url }) => url?.isBehindCloudFront)) return '';
  return ` -H 'x-amz-content-sha256: ${createHash('sha256').update(EXAMPLE).digest('hex')}'`;
}

/**
 * What `npm start` prints once every part answers: addresses, accounts, and a curl line that streams as it stands. Addresses that stand for
 * every interface are shown with loopback's, which browsers open.
 */
export function banner(
  stack: ShownStack,
  model: ModelChoice,
  { keepsData, reloads }: { keepsData: boolean; reloads: boolean },
): string {
  const shown = (url = '') => (url ? reachable(url, { headers: { host: '127.0.0.1' } }) : 'none');
  const door = shown(stack.httpUrl);
  const rest = stack.restApiUrl === undefined ? '' : `\n  REST API    ${shown(stack.restApiUrl)}`;
  const { port } = new URL(stack.graphqlUrl);
  const portSetting = port === DEFAULT_PORT ? '' : `CHAT_PORT=${port} `;
  return `
appsync-chat is ready (local stack, not for production)

  web client  ${shown(stack.webUrl)}
  playground  ${shown(stack.playgroundUrl)}
  GraphQL     ${shown(stack.graphqlUrl)}
  real-time   ${shown(stack.realtimeUrl)}
  HTTP door   ${door}${rest}
  switches    ${shown(stack.graphqlUrl.replace('/graphql', '/local/...'))}

  API key     ${stack.apiKey}        token: ${portSetting}npm run -s token -- alice
  model       ${model.isOffline ? 'offline (set OPENAI_API_KEY or OPENAI_BASE_URL for a real one)' : model.name}
  data        ${keepsData ? '.local/ (--memory keeps none)' : 'kept in memory only'}
  edits       ${reloads ? 'taken over when saved (--no-watch keeps what runs)' : 'not watched'}

Stream an answer:

  curl -N ${door}/chat -H 'x-api-key: ${stack.apiKey}' -H 'content-type: application/json'${hashOption(stack)} -d '${EXAMPLE}'

Ctrl-C stops everything.
`;
}
