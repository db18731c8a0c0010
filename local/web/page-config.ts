import type { StackModel } from '../template/index.ts';
import type { PageConfig } from './server.ts';

/** Where the page finds this stack; the template tells the model, and the key only when the API takes one. */
export function pageConfig(
  model: StackModel,
  { apiUrl, apiKey, isOffline }: { apiUrl: string; apiKey: string; isOffline: boolean },
): PageConfig {
  const models = model.lambdas.find((lambda) => lambda.url)?.environment.MODELS ?? '';
  return {
    endpoint: `${apiUrl}/graphql`,
    tokenUrl: `${apiUrl}/local/token`,
    model: { name: models.split(',')[0] ?? '', isOffline },
    ...(model.api.apiKeys.includes(apiKey) ? { apiKey, playgroundUrl: `${apiUrl}/playground` } : {}),
  };
}
