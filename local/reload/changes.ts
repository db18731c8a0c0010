import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LambdaModel, StackModel } from '../template/index.ts';

/** A stack model with what its bundles hold, as it was when the model was read: the folders may change later. */
export interface LoadedModel {
  readonly model: StackModel;
  /** Digest of a function's bundle by the name of the function. */
  readonly bundles: ReadonlyMap<string, string>;
}

/** What differs between two models, named for people, in the template's order. */
export interface ModelChanges {
  /** What a running stack can take over: `Mutation.sendMessage`, `generate`, `the schema`. */
  readonly swappable: readonly string[];
  /** What it cannot: tables, user pools, Function URLs, the REST API. */
  readonly needsRestart: readonly string[];
  /** Names of the functions whose code or settings differ, new ones among them. */
  readonly functions: ReadonlySet<string>;
}

/** Reads every bundle once. Throws when a folder is gone. */
export function loadedModel(model: StackModel): LoadedModel {
  return { model, bundles: new Map(model.lambdas.map(({ name, assetPath }) => [name, digestOf(assetPath)])) };
}

function digestOf(folder: string): string {
  const hash = createHash('sha256');
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.toSorted())
    hash.update(`${file.slice(folder.length)}\n`).update(readFileSync(file));
  return hash.digest('hex');
}

/** The name people know a function by: its construct's, `generate` for `FunctionsGenerateFunction5CA5D610`. */
export function functionLabel({ logicalId }: Pick<LambdaModel, 'logicalId'>): string {
  const construct = /([A-Z][a-z\d]*)Function[\dA-F]{8}$/.exec(logicalId)?.[1] ?? logicalId;
  return construct.charAt(0).toLowerCase() + construct.slice(1);
}

/** Each thing by its label; equal text means nothing of it changed. */
type Labelled = ReadonlyMap<string, string>;

function labelled<Thing>(
  things: readonly Thing[],
  labelOf: (thing: Thing) => string,
  shown: (thing: Thing) => unknown,
) {
  return new Map(things.map((thing) => [labelOf(thing), JSON.stringify(shown(thing))])) as Labelled;
}

function differences(before: Labelled, after: Labelled): string[] {
  const changed = [...after].flatMap(([label, text]) => {
    const old = before.get(label);
    if (old === undefined) return [`${label} (new)`];
    return old === text ? [] : [label];
  });
  const removed = [...before.keys()]
    .filter((label) => !after.has(label))
    .map((label) => `${label} (removed)`);
  return [...changed, ...removed];
}

function swappableParts({ model, bundles }: LoadedModel): Labelled[] {
  const { schema, ...settings } = model.api;
  return [
    new Map([
      ['the schema', schema],
      ['the settings of the API', JSON.stringify(settings)],
    ]),
    labelled(
      model.resolvers,
      ({ typeName, fieldName }) => `${typeName}.${fieldName}`,
      (resolver) => resolver,
    ),
    labelled(
      Object.values(model.functions),
      ({ name }) => name,
      (step) => step,
    ),
    labelled(
      Object.values(model.dataSources),
      ({ name }) => `data source ${name}`,
      (source) => source,
    ),
    labelled(model.lambdas, functionLabel, (lambda) => comparable(lambda, bundles)),
    labelled(
      Object.values(model.roles),
      ({ name }) => `policies of ${name}`,
      (role) => role,
    ),
  ];
}

/** Without the folder, which differs with every synthesis, and without the URL, which only a restart changes. */
function comparable(lambda: LambdaModel, bundles: LoadedModel['bundles']): unknown {
  return { ...lambda, assetPath: bundles.get(lambda.name), url: undefined };
}

function fixedParts({ model }: LoadedModel): Labelled[] {
  return [
    labelled(
      model.tables,
      ({ name }) => `table ${name}`,
      (table) => table,
    ),
    labelled(
      model.userPools,
      ({ id }) => `user pool ${id}`,
      (pool) => pool,
    ),
    labelled(
      model.lambdas.filter(({ url }) => url !== undefined),
      (lambda) => `the Function URL of ${functionLabel(lambda)}`,
      ({ url }) => url,
    ),
    labelled(
      model.restApi ? [model.restApi] : [],
      () => 'the REST API',
      (api) => api,
    ),
  ];
}

/** Compares two versions of the app. Pure: everything was read when the models were loaded. */
export function changesBetween(before: LoadedModel, after: LoadedModel): ModelChanges {
  const compare = (partsOf: (loaded: LoadedModel) => Labelled[]): string[] => {
    const old = partsOf(before);
    return partsOf(after).flatMap((part, index) => differences(old[index] ?? new Map(), part));
  };
  const known = new Map(before.model.lambdas.map((lambda) => [lambda.name, lambda]));
  const functions = after.model.lambdas.filter((lambda) => {
    const old = known.get(lambda.name);
    const text = JSON.stringify(comparable(lambda, after.bundles));
    return old === undefined || JSON.stringify(comparable(old, before.bundles)) !== text;
  });
  return {
    swappable: compare(swappableParts),
    needsRestart: compare(fixedParts),
    functions: new Set(functions.map(({ name }) => name)),
  };
}
