import { describe, expect, it } from 'vitest';
import type { RegenerateInput, SendInput } from '../../protocol/items.ts';
import {
  limitProblem,
  modelList,
  offsetProblem,
  regenerateProblem,
  sendProblem,
  titleProblem,
  type InputProblem,
} from '../../protocol/validation.ts';

const MODELS = 'gpt-a, gpt-b';
const send: SendInput = { conversationId: 'c-1', clientMessageId: 'k-1', text: 'Hi' };
const regenerate: RegenerateInput = { conversationId: 'c-1', clientMessageId: 'k-1', messageId: '01A-1' };

describe('modelList', () => {
  it.each([
    ['gpt-a', ['gpt-a']],
    [' gpt-a ,gpt-b,, ', ['gpt-a', 'gpt-b']],
    ['', []],
  ])('reads %j', (configured, models) => {
    expect(modelList(configured)).toEqual(models);
  });
});

describe('sendProblem', () => {
  const cases: [string, Partial<SendInput>, InputProblem][] = [
    ['a plain send', {}, undefined],
    ['1 unit of text', { text: 'x' }, undefined],
    ['32,000 units of text', { text: 'x'.repeat(32_000) }, undefined],
    ['16,000 pairs', { text: '😀'.repeat(16_000) }, undefined],
    ['text within white space', { text: ' \nx\t' }, undefined],
    ['no text', { text: '' }, 'INVALID_INPUT'],
    ['white space only', { text: ' \n\t\u3000' }, 'INVALID_INPUT'],
    ['32,001 units of text', { text: 'x'.repeat(32_001) }, 'INVALID_INPUT'],
    ['32,001 units that end in white space', { text: `${'x'.repeat(32_000)} ` }, 'INVALID_INPUT'],
    ['ids of 64 characters', { conversationId: 'x'.repeat(64), clientMessageId: 'y'.repeat(64) }, undefined],
    ['a conversationId of 65 characters', { conversationId: 'x'.repeat(65) }, 'INVALID_INPUT'],
    ['a clientMessageId of 65 characters', { clientMessageId: 'x'.repeat(65) }, 'INVALID_INPUT'],
    ['an empty conversationId', { conversationId: '' }, 'INVALID_INPUT'],
    ['a key character in the conversationId', { conversationId: 'a#b' }, 'INVALID_INPUT'],
    ['a key character in the clientMessageId', { clientMessageId: 'a#b' }, 'INVALID_INPUT'],
    ['an omitted parent', { parentId: undefined }, undefined],
    ['a root', { parentId: null }, undefined],
    ['a parent', { parentId: '01A-1' }, undefined],
    ['an empty parent', { parentId: '' }, 'INVALID_INPUT'],
    ['a key character in the parent', { parentId: 'a#b' }, 'INVALID_INPUT'],
    ['a configured model', { model: 'gpt-b' }, undefined],
    ['no model', { model: null }, undefined],
    ['another model', { model: 'gpt-c' }, 'MODEL_NOT_ALLOWED'],
    ['a part of the list', { model: 'gpt-a, gpt-b' }, 'MODEL_NOT_ALLOWED'],
    ['an empty model', { model: '' }, 'MODEL_NOT_ALLOWED'],
    ['another model and bad text', { model: 'gpt-c', text: '' }, 'INVALID_INPUT'],
  ];

  it.each(cases)('answers for %s', (_name, change, problem) => {
    expect(sendProblem({ ...send, ...change }, MODELS)).toBe(problem);
  });

  it('allows no model by name when none is configured', () => {
    expect(sendProblem({ ...send, model: '' }, '')).toBe('MODEL_NOT_ALLOWED');
    expect(sendProblem(send, '')).toBe(undefined);
  });
});

describe('regenerateProblem', () => {
  const cases: [string, Partial<RegenerateInput>, InputProblem][] = [
    ['a plain regenerate', {}, undefined],
    ['a bad conversationId', { conversationId: 'a b' }, 'INVALID_INPUT'],
    ['a bad clientMessageId', { clientMessageId: '' }, 'INVALID_INPUT'],
    ['a bad messageId', { messageId: 'M#01A-1' }, 'INVALID_INPUT'],
    ['another model', { model: 'gpt-c' }, 'MODEL_NOT_ALLOWED'],
    ['a configured model', { model: 'gpt-a' }, undefined],
  ];

  it.each(cases)('answers for %s', (_name, change, problem) => {
    expect(regenerateProblem({ ...regenerate, ...change }, MODELS)).toBe(problem);
  });
});

describe('titleProblem', () => {
  it.each([
    ['x', undefined],
    ['x'.repeat(200), undefined],
    ['x'.repeat(201), 'INVALID_INPUT'],
    ['', 'INVALID_INPUT'],
    [' \n', 'INVALID_INPUT'],
  ])('answers for %j', (title, problem) => {
    expect(titleProblem(title)).toBe(problem);
  });
});

describe('limitProblem', () => {
  it.each([undefined, null, 1, 50, 100])('takes %s', (limit) => {
    expect(limitProblem(limit)).toBe(undefined);
  });

  it.each([0, -1, 101, 1.5, Number.NaN, Infinity])('refuses %s', (limit) => {
    expect(limitProblem(limit)).toBe('INVALID_INPUT');
  });
});

describe('offsetProblem', () => {
  it.each([undefined, null, 0, 1, 999_999_999])('takes %s', (offset) => {
    expect(offsetProblem(offset)).toBe(undefined);
  });

  it.each([-1, 1_000_000_000, 0.5, Number.NaN, Infinity])('refuses %s', (offset) => {
    expect(offsetProblem(offset)).toBe('INVALID_INPUT');
  });
});
