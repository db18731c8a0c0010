import { describe, expect, it } from 'vitest';
import { generationConfig, required } from '../../../functions/service/config.ts';

describe('generationConfig', () => {
  it('leaves everything empty to its default', () => {
    const empty = [
      'REASONING_MODELS',
      'OPENAI_BASE_URL',
      'OPENAI_API_KEY',
      'SYSTEM_PROMPT',
      'MAX_INPUT_TOKENS',
      'MAX_OUTPUT_TOKENS',
      'LINGER_MS',
      'MAX_LINGER_MS',
    ];

    expect(
      generationConfig({ MODELS: 'a, b', ...Object.fromEntries(empty.map((name) => [name, ''])) }),
    ).toEqual({
      provider: 'openai',
      models: ['a', 'b'],
      fallbackModels: ['a', 'b'],
      reasoningModels: [],
      baseUrl: undefined,
      apiKey: undefined,
      systemPrompt: undefined,
      maxInputTokens: 24_000,
      maxOutputTokens: undefined,
      windows: {},
      maxHandovers: 12,
    });
  });

  it('takes what is set, and no more hand-overs than Lambda lets through', () => {
    const config = generationConfig({
      MODELS: 'a',
      MODEL_PROVIDER: 'bedrock',
      MAX_HANDOVERS: '99',
      LINGER_MS: '5',
      MAX_LINGER_MS: '50',
      MAX_OUTPUT_TOKENS: '7',
    });

    expect(config).toMatchObject({
      provider: 'bedrock',
      maxHandovers: 12,
      windows: { lingerMs: 5, maxLingerMs: 50 },
      maxOutputTokens: 7,
    });
    expect(generationConfig({ MODELS: 'a', LINGER_MS: '5' }).windows).toEqual({
      lingerMs: 5,
      maxLingerMs: 5,
    });
    expect(generationConfig({ MODELS: 'a', MAX_HANDOVERS: '0' }).maxHandovers).toBe(0);
  });

  it.each([
    [undefined, ['a', 'b']],
    ['', []],
    ['b, c', ['b', 'c']],
  ])('lets %j stand in for a model that fails', (FALLBACK_MODELS, fallbackModels) => {
    expect(generationConfig({ MODELS: 'a,b', FALLBACK_MODELS })).toMatchObject({ fallbackModels });
  });

  it.each(['-1', '1.5', 'many'])('refuses "%s" as a number, by name', (value) => {
    expect(() => generationConfig({ MODELS: 'a', MAX_INPUT_TOKENS: value })).toThrow('MAX_INPUT_TOKENS');
  });

  it('fails by name when a variable is missing', () => {
    expect(() => generationConfig({})).toThrow('MODELS');
    expect(() => required({ TABLE_NAME: '' }, 'TABLE_NAME')).toThrow('TABLE_NAME');
  });
});
