import type { ChatConfig } from './config.ts';

const text = (value: number | undefined): string => (value === undefined ? '' : String(value));

/** The variables of the functions that talk to the model: `generate` and `http`. An empty value leaves the choice to the function. */
export function modelEnvironment(config: ChatConfig): Record<string, string> {
  return {
    MODEL_PROVIDER: config.modelProvider,
    MODELS: config.models.join(','),
    // Empty means none here, so without a choice it is left out.
    ...(config.fallbackModels === undefined ? {} : { FALLBACK_MODELS: config.fallbackModels.join(',') }),
    REASONING_MODELS: config.reasoningModels.join(','),
    OPENAI_BASE_URL: config.modelBaseUrl,
    // CloudFormation reads the secret while it deploys; the template holds its name alone.
    OPENAI_API_KEY: config.modelKeySecret === '' ? '' : `{{resolve:secretsmanager:${config.modelKeySecret}}}`,
    SYSTEM_PROMPT: config.systemPrompt,
    MAX_INPUT_TOKENS: text(config.maxInputTokens),
    MAX_OUTPUT_TOKENS: text(config.maxOutputTokens),
    LINGER_MS: text(config.lingerMs),
    MAX_LINGER_MS: text(config.maxLingerMs),
    MAX_HANDOVERS: text(config.maxHandovers),
  };
}
