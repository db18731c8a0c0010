import { asObject } from './data-source.ts';
import type { DataSource } from './data-source.ts';

/** The NONE data source: the request's `payload` is the result; without one the result is null. */
export const noneDataSource: DataSource = (request) =>
  Promise.resolve({ result: asObject(request)?.['payload'] ?? null });
