import { setImmediate } from 'node:timers/promises';
import { AppSyncCodeError, type AppSyncCode } from '../appsync/js/index.ts';
import type { StackModel } from '../template/index.ts';
import { BrokenEdit } from './broken-edit.ts';
import { positionText, type FindSource } from './source-positions.ts';

type Load = (code: string, name: string) => AppSyncCode;
type Codes = Pick<StackModel, 'resolvers' | 'functions'>;

/** The loaded code of an API, so that a reload compiles only what changed: a realm costs about 6 ms. */
export interface ResolverCode {
  /** Loads, or gives what is loaded already under the same name and text. Throws `AppSyncCodeError`. */
  load: Load;
  /**
   * Loads everything a model needs, and lets other work in between. Rejects with `BrokenEdit` listing every refused construct at its
   * place in the sources.
   */
  check(model: Codes, findSource: FindSource): Promise<void>;
  /** Forgets what a model does not need. */
  keepOnly(model: Codes): void;
}

/** Keeps loaded code by name and text. */
export function createResolverCode(load: Load): ResolverCode {
  let loaded = new Map<string, AppSyncCode>();
  const keyOf = (code: string, name: string) => `${name}\n${code}`;
  const loadOnce: Load = (code, name) => {
    const key = keyOf(code, name);
    const known = loaded.get(key) ?? load(code, name);
    loaded.set(key, known);
    return known;
  };
  return {
    load: loadOnce,
    async check(model, findSource) {
      const problems = new Set<string>();
      for (const [name, code] of codesOf(model)) {
        if (loaded.has(keyOf(code, name))) continue;
        await setImmediate();
        try {
          loadOnce(code, name);
        } catch (error) {
          if (!(error instanceof AppSyncCodeError)) throw error;
          for (const line of problemLines(error, name, code, findSource)) problems.add(line);
        }
      }
      if (problems.size > 0) throw new BrokenEdit([...problems].join('\n'));
    },
    keepOnly(model) {
      const needed = new Set(codesOf(model).map(([name, code]) => keyOf(code, name)));
      loaded = new Map([...loaded].filter(([key]) => needed.has(key)));
    },
  };
}

/** Names as the API's compiler gives them: `Type.field` for a resolver, its own name for a pipeline function. */
function codesOf({ resolvers, functions }: Codes): [name: string, code: string][] {
  const all: [string, string | undefined][] = [
    ...Object.values(functions).map(({ name, code }): [string, string | undefined] => [name, code]),
    ...resolvers.map(({ typeName, fieldName, code }): [string, string | undefined] => [
      `${typeName}.${fieldName}`,
      code,
    ]),
  ];
  return all.filter((entry): entry is [string, string] => entry[1] !== undefined);
}

/** Code that many resolvers share is reported once, because its place is the same in all of them. */
function problemLines(error: AppSyncCodeError, name: string, code: string, findSource: FindSource): string[] {
  return error.problems.map((problem) => {
    const position = findSource(code, problem.line, problem.column);
    if (position === undefined) return problem.message;
    const said = problem.message.replace(`${name}:${problem.line}:${problem.column} `, '');
    return `${positionText(position)} ${said}`;
  });
}
