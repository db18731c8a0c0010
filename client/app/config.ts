import * as v from 'valibot';

/** What the page needs to know; served next to it as `/config.json`. */
export interface PageConfig {
  /** The GraphQL address. */
  readonly endpoint: string;
  /** The playground's key; absent where the deployment has none. */
  readonly apiKey?: string | undefined;
  /** Gives local users their tokens; absent on a deployed page. */
  readonly tokenUrl?: string | undefined;
  readonly model?: { readonly name: string; readonly isOffline: boolean } | undefined;
  readonly playgroundUrl?: string | undefined;
}

/** The settings are absent or not what the page can read. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const address = v.pipe(v.string(), v.url(), v.regex(/^https?:/i));

const ownShape = v.object({
  endpoint: address,
  apiKey: v.optional(v.pipe(v.string(), v.minLength(1))),
  tokenUrl: v.optional(address),
  model: v.optional(v.object({ name: v.string(), isOffline: v.boolean() })),
  playgroundUrl: v.optional(address),
});

/** What is used of `amplify_outputs.json`. */
const amplifyOutputs = v.pipe(
  v.object({ data: v.object({ url: address, api_key: v.optional(v.string()) }) }),
  v.transform(({ data }) => ({ endpoint: data.url, ...(data.api_key && { apiKey: data.api_key }) })),
);

const configShape = v.union([ownShape, amplifyOutputs]);

/** The settings in `json`: our own shape or Amplify outputs. @throws ConfigError */
export function parseConfig(json: unknown): PageConfig {
  const parsed = v.safeParse(configShape, json);
  if (!parsed.success) throw new ConfigError('config.json holds no endpoint the page can use.');
  return parsed.output;
}

/** Reads `/config.json`. @throws ConfigError for an answer that is no settings, TypeError when none comes */
export async function fetchConfig(request: typeof fetch): Promise<PageConfig> {
  const response = await request('/config.json', { cache: 'no-store' });
  if (!response.ok) throw new ConfigError(`config.json: ${response.status}`);
  return parseConfig(await response.json().catch(() => undefined));
}
