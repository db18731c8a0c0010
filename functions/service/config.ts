import { MAX_HANDOVERS } from '../../protocol/limits.ts';
import { modelList } from '../../protocol/validation.ts';
import type { PacingWindows } from '../../protocol/pacing.ts';

/** A function's environment, as the template sets it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What every generation is configured with; docs/operations.md lists the CDK context it comes from. */
export interface GenerationConfig {
  readonly provider: 'openai' | 'bedrock';
  /** Configured models in order of preference. */
  readonly models: readonly string[];
  /** Models asked in turn when the requested one fails before its first token. */
  readonly fallbackModels: readonly string[];
  /** Models that may think for longer before they write. */
  readonly reasoningModels: readonly string[];
  /** Any OpenAI-compatible endpoint; undefined: the package's default. */
  readonly baseUrl: string | undefined;
  readonly apiKey: string | undefined;
  readonly systemPrompt: string | undefined;
  readonly maxInputTokens: number;
  readonly maxOutputTokens: number | undefined;
  /** Overrides the pacing profile's windows. */
  readonly windows: Partial<PacingWindows>;
  readonly maxHandovers: number;
}

/** Input budget when none is configured. */
const DEFAULT_MAX_INPUT_TOKENS = 24_000;

/** A variable that must be there; a function without it fails when it starts, by name. */
export function required(environment: Environment, name: string): string {
  const value = environment[name];
  if (!value) throw new Error(`The environment variable ${name} is missing`);
  return value;
}

function wholeNumber(environment: Environment, name: string): number | undefined {
  const value = environment[name];
  if (!value) return undefined;
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0)
    throw new Error(`${name} must be a whole number, not "${value}"`);
  return number;
}

/**
 * Reads the generation's configuration; wrong values fail at start, by name. Without FALLBACK_MODELS every configured model
 * stands in for another; empty, none does.
 */
export function generationConfig(environment: Environment): GenerationConfig {
  const models = modelList(required(environment, 'MODELS'));
  const lingerMs = wholeNumber(environment, 'LINGER_MS');
  const maxLingerMs = wholeNumber(environment, 'MAX_LINGER_MS');
  return {
    provider: environment.MODEL_PROVIDER === 'bedrock' ? 'bedrock' : 'openai',
    models,
    fallbackModels:
      environment.FALLBACK_MODELS === undefined ? models : modelList(environment.FALLBACK_MODELS),
    reasoningModels: modelList(environment.REASONING_MODELS ?? ''),
    baseUrl: environment.OPENAI_BASE_URL || undefined,
    apiKey: environment.OPENAI_API_KEY || undefined,
    systemPrompt: environment.SYSTEM_PROMPT || undefined,
    maxInputTokens: wholeNumber(environment, 'MAX_INPUT_TOKENS') ?? DEFAULT_MAX_INPUT_TOKENS,
    maxOutputTokens: wholeNumber(environment, 'MAX_OUTPUT_TOKENS'),
    windows: {
      ...(lingerMs === undefined ? {} : { lingerMs, maxLingerMs: lingerMs }),
      ...(maxLingerMs === undefined ? {} : { maxLingerMs }),
    },
    maxHandovers: Math.min(wholeNumber(environment, 'MAX_HANDOVERS') ?? MAX_HANDOVERS, MAX_HANDOVERS),
  };
}
