import type { CdkContext } from './synthesize.ts';

/** The name the offline model answers under; the UI labels it. */
export const OFFLINE_MODEL = 'offline';
/** Stands for the model's key in the template: the key itself stays in the environment. */
const LOCAL_SECRET = 'local-model-key';
/** Asked for when the environment names a key but no model. */
const DEFAULT_MODEL = 'gpt-4.1-mini';

/** Which model a local stack uses. */
export interface ModelChoice {
  readonly isOffline: boolean;
  readonly name: string;
  /** What the CDK app is synthesized with. */
  readonly context: CdkContext;
  readonly secret: () => string;
}

/**
 * With `OPENAI_API_KEY` or `OPENAI_BASE_URL` in the environment that model (`MODEL` names it, a comma list several), else
 * the offline one.
 */
export function chooseModel(environment: Readonly<Record<string, string | undefined>>): ModelChoice {
  const { OPENAI_API_KEY: key, OPENAI_BASE_URL: baseUrl, MODEL: model } = environment;
  if (!key && !baseUrl) {
    return {
      isOffline: true,
      name: OFFLINE_MODEL,
      context: { playground: true, models: OFFLINE_MODEL },
      secret: () => '',
    };
  }
  const name = model || DEFAULT_MODEL;
  return {
    isOffline: false,
    name,
    context: {
      playground: true,
      models: name,
      modelBaseUrl: baseUrl ?? '',
      modelKeySecret: key ? LOCAL_SECRET : '',
    },
    secret: () => key ?? '',
  };
}
