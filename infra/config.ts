import * as v from 'valibot';

import { MAX_HANDOVERS } from '../protocol/limits.ts';
import { SynthesisError } from './synthesis-error.ts';

/** AppSync takes environment values of at most 512 characters: https://docs.aws.amazon.com/appsync/latest/devguide/environment-variables.html */
const MAX_MODELS_LENGTH = 512;
/** Ours: it shares Lambda's 4 KB of variables with the other lists and the prompt. */
const MAX_FALLBACKS_LENGTH = 256;
/** Lambda takes 4 KB for all variables of a function together; this leaves half of them to the rest. */
const MAX_PROMPT_LENGTH = 2_000;

/** `-c key=value` always gives text; cdk.json gives JSON. Both mean the same. */
const flag = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false'])], 'must be true or false'),
  v.transform((value) => value === true || value === 'true'),
);

const wholeNumber = (least: number, most: number) =>
  v.pipe(
    v.union(
      [v.number(), v.pipe(v.string(), v.regex(/^\d+$/), v.transform(Number))],
      'must be a whole number',
    ),
    v.integer('must be a whole number'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  );

/** Absent or empty: undefined, which leaves the choice to the function. */
const optionalNumber = (least: number, most: number) =>
  v.optional(
    v.union(
      [
        v.pipe(
          v.literal(''),
          v.transform(() => undefined),
        ),
        wholeNumber(least, most),
      ],
      `must be empty or a whole number from ${least} to ${most}`,
    ),
  );

/** Words as a JSON list, or as text with commas; spaces around them and empty ones do not count. */
const words = v.pipe(
  v.union([
    v.array(v.string()),
    v.pipe(
      v.string(),
      v.transform((text) => text.split(',')),
    ),
  ]),
  v.transform((list) => list.map((word) => word.trim()).filter((word) => word !== '')),
);

const modelName = v.pipe(v.string(), v.regex(/^[\w.:/-]+$/, 'must be model names of A-Za-z0-9_.:/-'));

const modelNames = (maxLength: number) =>
  v.pipe(
    words,
    v.array(modelName),
    v.check((names) => names.join(',').length <= maxLength, `must be at most ${maxLength} characters`),
  );

const country = v.pipe(v.string(), v.regex(/^[A-Z]{2}$/, 'must be ISO 3166-1 codes of two capital letters'));

const url = v.pipe(v.string(), v.regex(/^$|^https?:\/\/\S+$/, 'must be empty or an http(s) URL'));

const ENTRIES = {
  stackName: v.optional(
    v.pipe(v.string(), v.regex(/^[A-Za-z][A-Za-z0-9-]{0,99}$/, 'must be a CloudFormation stack name')),
    'AppsyncChat',
  ),
  playground: v.optional(flag, false),
  retainData: v.optional(flag),
  models: v.optional(
    v.pipe(modelNames(MAX_MODELS_LENGTH), v.minLength(1, 'must name at least one model')),
    'gpt-4.1-mini',
  ),
  fallbackModels: v.optional(modelNames(MAX_FALLBACKS_LENGTH)),
  reasoningModels: v.optional(modelNames(MAX_MODELS_LENGTH), ''),
  modelProvider: v.optional(v.picklist(['openai', 'bedrock'], 'must be openai or bedrock'), 'openai'),
  modelBaseUrl: v.optional(url, ''),
  modelKeySecret: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[A-Za-z0-9/_+=.@-]{0,512}$/, 'must be the name of a secret in AWS Secrets Manager'),
    ),
    '',
  ),
  systemPrompt: v.optional(
    v.pipe(v.string(), v.maxLength(MAX_PROMPT_LENGTH, `must be at most ${MAX_PROMPT_LENGTH} characters`)),
    'You are a helpful assistant.',
  ),
  maxInputTokens: optionalNumber(1, 10_000_000),
  maxOutputTokens: optionalNumber(1, 1_000_000),
  lingerMs: optionalNumber(0, 60_000),
  maxLingerMs: optionalNumber(0, 60_000),
  maxHandovers: v.optional(wholeNumber(0, MAX_HANDOVERS), MAX_HANDOVERS),
  secondPassMs: v.optional(wholeNumber(0, 600_000), 60_000),
  restApi: v.optional(flag, false),
  cloudFront: v.optional(flag, false),
  geoCountries: v.optional(v.pipe(words, v.array(country)), ''),
};

const SCHEMA = v.pipe(
  v.object(ENTRIES),
  v.transform((config) => ({ ...config, retainData: config.retainData ?? !config.playground })),
  v.check(
    ({ lingerMs, maxLingerMs }) =>
      lingerMs === undefined || maxLingerMs === undefined || lingerMs <= maxLingerMs,
    'lingerMs must not be greater than maxLingerMs',
  ),
  v.check(
    ({ models, fallbackModels = [], reasoningModels }) =>
      reasoningModels.every((name) => models.includes(name) || fallbackModels.includes(name)),
    'reasoningModels must be a part of models and fallbackModels',
  ),
  v.check(
    ({ modelProvider, modelBaseUrl, modelKeySecret }) =>
      modelProvider === 'openai' || (modelBaseUrl === '' && modelKeySecret === ''),
    'modelBaseUrl and modelKeySecret mean nothing to modelProvider bedrock, which takes the Region and role of the functions',
  ),
  v.check(
    ({ cloudFront, geoCountries }) => cloudFront || geoCountries.length === 0,
    'geoCountries needs cloudFront, which is what restricts by country',
  ),
  // A door beside the distribution would let every country in.
  v.check(
    ({ restApi, geoCountries }) => !restApi || geoCountries.length === 0,
    'geoCountries and restApi exclude each other: callers of the REST API do not pass CloudFront',
  ),
);

/** Everything a deployment can choose. The keys are those of the CDK context; docs/operations.md says what each does. */
export type ChatConfig = v.InferOutput<typeof SCHEMA>;

/** The keys of the CDK context that are ours. */
export const CONFIG_KEYS: readonly string[] = Object.keys(ENTRIES);

/** CDK and its CLI name their own context keys with a colon (`aws:cdk:...`, cached lookups) or a scope (`@aws-cdk/...`). */
const belongsToCdk = (key: string): boolean => key.startsWith('@') || key.includes(':');

/**
 * Reads the configuration out of a CDK context, with every default filled in. Text and JSON values mean the same.
 * Throws one `SynthesisError` that names every unknown key and every wrong value.
 */
export function readConfig(context: Readonly<Record<string, unknown>>): ChatConfig {
  const ours = Object.entries(context).filter(([key]) => !belongsToCdk(key));
  const problems = ours
    .filter(([key]) => !CONFIG_KEYS.includes(key))
    .map(([key]) => `${key}: unknown key; known are ${CONFIG_KEYS.join(', ')}`);
  const parsed = v.safeParse(SCHEMA, Object.fromEntries(ours));
  if (!parsed.success)
    problems.push(
      ...parsed.issues.map((issue) => {
        const key = v.getDotPath(issue)?.split('.')[0];
        return key === undefined ? issue.message : `${key}: ${issue.message}`;
      }),
    );
  if (!parsed.success || problems.length > 0)
    throw new SynthesisError(`wrong configuration in the CDK context:\n  ${problems.join('\n  ')}`);
  return parsed.output;
}
