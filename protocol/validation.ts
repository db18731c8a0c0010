/** Checks of what users give, in the APPSYNC_JS subset: one truth for resolvers and the HTTP door. */
import { isId } from './ids.ts';
import type { RegenerateInput, SendInput } from './items.ts';
import { MAX_PAGE_SIZE, MAX_TEXT_UNITS, MAX_TITLE_UNITS } from './limits.ts';

/** What is wrong with an input: its code of the closed list, or nothing. */
export type InputProblem = 'INVALID_INPUT' | 'MODEL_NOT_ALLOWED' | undefined;

/** Models are listed in the configuration, comma separated; the first is the default. */
export function modelList(configured: string): string[] {
  return configured
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name.length > 0);
}

function modelProblem(model: string | null | undefined, configured: string): InputProblem {
  if (model === undefined || model === null) return undefined;
  return modelList(configured).indexOf(model) >= 0 ? undefined : 'MODEL_NOT_ALLOWED';
}

/** Checks a send: ids, 1 to 32,000 units of text that is not only white space, a configured model. */
export function sendProblem(input: SendInput, configuredModels: string): InputProblem {
  const parentIsFine = input.parentId === undefined || input.parentId === null || isId(input.parentId);
  if (!isId(input.conversationId) || !isId(input.clientMessageId) || !parentIsFine) return 'INVALID_INPUT';
  if (input.text.length > MAX_TEXT_UNITS || input.text.trim().length === 0) return 'INVALID_INPUT';
  return modelProblem(input.model, configuredModels);
}

/** Checks a regenerate. */
export function regenerateProblem(input: RegenerateInput, configuredModels: string): InputProblem {
  if (!isId(input.conversationId) || !isId(input.clientMessageId) || !isId(input.messageId))
    return 'INVALID_INPUT';
  return modelProblem(input.model, configuredModels);
}

/** Checks a title: 1 to 200 units, not only white space. */
export function titleProblem(title: string): InputProblem {
  return title.length > MAX_TITLE_UNITS || title.trim().length === 0 ? 'INVALID_INPUT' : undefined;
}

/** Whether a number is whole and within bounds, both included; written without Number.isInteger, which APPSYNC_JS lacks. */
function isWhole(value: number, least: number, most: number): boolean {
  return value >= least && value <= most && Math.floor(value) === value;
}

/** Checks a page size: absent, or a whole number from 1 to 100. */
export function limitProblem(limit: number | null | undefined): InputProblem {
  if (limit === undefined || limit === null) return undefined;
  return isWhole(limit, 1, MAX_PAGE_SIZE) ? undefined : 'INVALID_INPUT';
}

/** Checks an offset: absent, or a whole number of at most nine digits, as keys hold them. */
export function offsetProblem(offset: number | null | undefined): InputProblem {
  if (offset === undefined || offset === null) return undefined;
  return isWhole(offset, 0, 999_999_999) ? undefined : 'INVALID_INPUT';
}
