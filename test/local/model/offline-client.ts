import OpenAI from 'openai';
import { afterAll, beforeAll } from 'vitest';
import { startOfflineModel, type OfflineModel } from '../../../local/model/index.ts';

/** An offline model for the tests of one file, and the published client on it. */
export function useOfflineModel(): { model: () => OfflineModel; openai: () => OpenAI } {
  let model: OfflineModel | undefined;
  beforeAll(async () => {
    model = await startOfflineModel({ host: '127.0.0.1' });
  });
  afterAll(() => model?.close());
  const started = () => {
    if (!model) throw new Error('The offline model has not started');
    return model;
  };
  return {
    model: started,
    openai: () => new OpenAI({ baseURL: `${started().url}/v1`, apiKey: 'none', maxRetries: 0 }),
  };
}

/** One question as the messages of a request. */
export const ask = (content: string) => [{ role: 'user' as const, content }];
