import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { CONFIG_KEYS, readConfig } from '../../infra/config.ts';
import { modelEnvironment } from '../../infra/environment.ts';
import { SynthesisError } from '../../infra/synthesis-error.ts';

describe('readConfig', () => {
  it('fills in every default', () => {
    expect(readConfig({})).toEqual({
      stackName: 'AppsyncChat',
      playground: false,
      retainData: true,
      models: ['gpt-4.1-mini'],
      fallbackModels: undefined,
      reasoningModels: [],
      modelProvider: 'openai',
      modelBaseUrl: '',
      modelKeySecret: '',
      systemPrompt: 'You are a helpful assistant.',
      maxInputTokens: undefined,
      maxOutputTokens: undefined,
      lingerMs: undefined,
      maxLingerMs: undefined,
      maxHandovers: 12,
      secondPassMs: 60_000,
      restApi: false,
      cloudFront: false,
      geoCountries: [],
    });
  });

  it('reads the text of the command line like the JSON of cdk.json', () => {
    const json = {
      playground: true,
      retainData: true,
      models: ['a', 'b'],
      fallbackModels: ['c'],
      reasoningModels: ['b', 'c'],
      maxInputTokens: 1_000,
      lingerMs: 0,
      maxLingerMs: 20,
      maxHandovers: 0,
      secondPassMs: 5,
      cloudFront: true,
      geoCountries: ['DE', 'AT'],
    };
    const text = {
      playground: 'true',
      retainData: 'true',
      models: ' a, b,',
      fallbackModels: 'c',
      reasoningModels: 'b,c',
      maxInputTokens: '1000',
      lingerMs: '0',
      maxLingerMs: '20',
      maxHandovers: '0',
      secondPassMs: '5',
      cloudFront: 'true',
      geoCountries: 'DE, AT',
    };
    expect(readConfig(text)).toEqual(readConfig(json));
    expect(readConfig(json)).toMatchObject(json);
  });

  it('takes an empty text as absent where the function has a default of its own', () => {
    expect(readConfig({ lingerMs: '', maxLingerMs: '', maxInputTokens: '', maxOutputTokens: '' })).toEqual(
      readConfig({}),
    );
  });

  it('keeps data unless it is the playground or told otherwise', () => {
    expect(readConfig({ playground: 'true' }).retainData).toBe(false);
    expect(readConfig({ playground: 'true', retainData: 'true' }).retainData).toBe(true);
    expect(readConfig({ retainData: 'false' }).retainData).toBe(false);
  });

  it("passes over CDK's own keys", () => {
    expect(
      readConfig({
        '@aws-cdk/core:x': true,
        'aws:cdk:enable-path-metadata': true,
        'availability-zones:a': [],
      }),
    ).toEqual(readConfig({}));
  });

  it.each([
    ['an unknown key', { modles: 'a' }, 'modles: unknown key'],
    ['a flag that is no flag', { playground: 'yes' }, 'playground: must be true or false'],
    ['an empty model list', { models: '' }, 'models: must name at least one model'],
    ['a model name with a space', { models: 'a b' }, 'models: must be model names'],
    [
      'a model list longer than AppSync takes',
      { models: 'x'.repeat(513) },
      'models: must be at most 512 characters',
    ],
    [
      'a list of fallbacks that is too long',
      { fallbackModels: 'x'.repeat(257) },
      'fallbackModels: must be at most 256 characters',
    ],
    [
      'a reasoning model that is no model',
      { reasoningModels: 'o9' },
      'reasoningModels must be a part of models and fallbackModels',
    ],
    ['an unknown provider', { modelProvider: 'azure' }, 'modelProvider: must be openai or bedrock'],
    [
      'a base URL without scheme',
      { modelBaseUrl: 'localhost' },
      'modelBaseUrl: must be empty or an http(s) URL',
    ],
    [
      'a secret name that would end the reference',
      { modelKeySecret: 'a}}{{b' },
      'modelKeySecret: must be the name of a secret',
    ],
    [
      'a prompt longer than Lambda takes',
      { systemPrompt: 'x'.repeat(2_001) },
      'systemPrompt: must be at most 2000 characters',
    ],
    ['more hand-overs than Lambda allows', { maxHandovers: '13' }, 'maxHandovers: must be at most 12'],
    ['a broken number', { maxHandovers: 1.5 }, 'maxHandovers: must be a whole number'],
    ['a negative number', { secondPassMs: '-1' }, 'secondPassMs: must be a whole number'],
    ['a limit of zero', { maxOutputTokens: '0' }, 'maxOutputTokens: must be'],
    [
      'a word for a number',
      { lingerMs: 'soon' },
      'lingerMs: must be empty or a whole number from 0 to 60000',
    ],
    [
      'a first window above the cap',
      { lingerMs: 100, maxLingerMs: 50 },
      'lingerMs must not be greater than maxLingerMs',
    ],
    [
      'a country that is no ISO code',
      { cloudFront: true, geoCountries: 'Germany' },
      'geoCountries: must be ISO 3166-1 codes',
    ],
    ['countries without CloudFront', { geoCountries: 'DE' }, 'geoCountries needs cloudFront'],
    [
      'countries beside a REST API that lets everybody in',
      { cloudFront: true, restApi: true, geoCountries: 'DE' },
      'geoCountries and restApi exclude each other',
    ],
    [
      'a stack name that CloudFormation refuses',
      { stackName: '1st' },
      'stackName: must be a CloudFormation stack name',
    ],
  ])('refuses %s', (_, context, message) => {
    expect(() => readConfig(context)).toThrow(SynthesisError);
    expect(() => readConfig(context)).toThrow(message);
  });

  it('names every problem at once', () => {
    expect(() => readConfig({ playground: 'yes', modles: 'a' })).toThrow(/modles[^]*playground: must/);
  });

  it('is documented key by key', () => {
    const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
    const rows = [...text.matchAll(/^\| `(\w+)` \|/gm)].map(([, key]) => key);
    expect(rows).toEqual(CONFIG_KEYS);
  });
});

describe('modelEnvironment', () => {
  it('tells no fallbacks from none named', () => {
    expect(modelEnvironment(readConfig({}))).not.toHaveProperty('FALLBACK_MODELS');
    expect(modelEnvironment(readConfig({ fallbackModels: '' }))).toHaveProperty('FALLBACK_MODELS', '');
    expect(modelEnvironment(readConfig({ fallbackModels: 'b,c' }))).toHaveProperty('FALLBACK_MODELS', 'b,c');
  });

  it('writes what is not configured as empty text', () => {
    expect(
      modelEnvironment(readConfig({ models: ['a', 'b'], lingerMs: 0, maxOutputTokens: 9 })),
    ).toMatchObject({
      MODELS: 'a,b',
      REASONING_MODELS: '',
      OPENAI_API_KEY: '',
      LINGER_MS: '0',
      MAX_LINGER_MS: '',
      MAX_OUTPUT_TOKENS: '9',
    });
  });
});
