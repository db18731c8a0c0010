import type { AppSync } from '../appsync/index.ts';
import type { Database } from '../database/index.ts';
import type { Principals } from '../iam/index.ts';
import { FunctionLoadError, type LambdaService } from '../lambda/index.ts';
import type { StackModel } from '../template/index.ts';
import { BrokenEdit } from './broken-edit.ts';
import { changesBetween, functionLabel, loadedModel } from './changes.ts';
import type { ResolverCode } from './resolver-code.ts';
import { createFindSource, failurePosition, positionText, type FindSource } from './source-positions.ts';

/** The running parts that take over another version of the app. */
export interface SwapPorts {
  /** Reads an assembly with the addresses of this stack. */
  readonly readModel: (cdkOut: string) => StackModel;
  /** Roles with the credentials they have in this stack. */
  readonly assume: (model: StackModel) => Principals;
  readonly principals: Principals;
  readonly resolverCode: ResolverCode;
  readonly appSync: Pick<AppSync, 'swapResolvers'>;
  readonly lambda: Pick<LambdaService, 'prepare'>;
  readonly database: Pick<Database, 'replacePrincipals'>;
  /** Told once the new version runs. */
  readonly swapped: (model: StackModel) => void;
}

/** What a reload took over; an empty list when the assembly says what already runs. */
export interface ReloadReport {
  readonly changed: readonly string[];
}

/**
 * Makes the `reload` of a running stack: takes over the app in another folder without touching sockets, subscriptions, data or queued
 * events. All or nothing: resolvers are compiled and changed functions loaded before the first part is swapped. Running requests and
 * invocations end with the code they began with; the next ones run the new. The folder must stay while the version runs.
 *
 * Rejects with `BrokenEdit`, the old version running on, for code that AppSync or Lambda refuses (with its place in the sources when the
 * assembly has source maps) and for changes that need a restart; with `TemplateError` for what the local stack cannot run. Calls wait for
 * each other.
 */
export function createReload(first: StackModel, ports: SwapPorts): (cdkOut: string) => Promise<ReloadReport> {
  let current = loadedModel(first);
  let last: Promise<unknown> = Promise.resolve();
  const reload = async (cdkOut: string): Promise<ReloadReport> => {
    const next = loadedModel(ports.readModel(cdkOut));
    const changes = changesBetween(current, next);
    if (changes.needsRestart.length > 0)
      throw new BrokenEdit(
        `changed ${changes.needsRestart.join(', ')}: this needs a restart (stop with Ctrl-C, then npm start)`,
      );
    if (changes.swappable.length > 0) {
      const findSource = createFindSource(cdkOut);
      await swap(
        { before: current.model, model: next.model, functions: changes.functions, findSource },
        ports,
      );
      current = next;
    }
    return { changed: changes.swappable };
  };
  return (cdkOut) => {
    const turn = last.then(() => reload(cdkOut));
    last = turn.catch(() => undefined);
    return turn;
  };
}

interface Swap {
  readonly before: StackModel;
  readonly model: StackModel;
  readonly functions: ReadonlySet<string>;
  readonly findSource: FindSource;
}

async function swap({ before, model, functions, findSource }: Swap, ports: SwapPorts): Promise<void> {
  const { principals, resolverCode, appSync, lambda, database } = ports;
  const assumed = ports.assume(model);
  await resolverCode.check(model, findSource);
  const prepared = await lambda.prepare(model.lambdas, assumed, functions).catch((error: unknown) => {
    throw error instanceof FunctionLoadError ? brokenFunction(error, findSource) : error;
  });
  // From here to the end nothing else runs: no request sees one part new and another old. The database is another process and
  // hears of the policies first, before anything that needs them can reach it.
  const told = database.replacePrincipals(assumed.list());
  principals.replace(Object.values(model.roles));
  try {
    appSync.swapResolvers(model);
  } catch (error) {
    principals.replace(Object.values(before.roles));
    await Promise.all([told, database.replacePrincipals(ports.assume(before).list()), prepared.discard()]);
    throw error;
  }
  prepared.putIntoService();
  resolverCode.keepOnly(model);
  ports.swapped(model);
  await told;
}

function brokenFunction({ lambda, failure }: FunctionLoadError, findSource: FindSource): BrokenEdit {
  const position = failurePosition(failure, findSource);
  const where = position === undefined ? '' : `${positionText(position)} `;
  return new BrokenEdit(
    `${where}${failure.errorType}: ${failure.errorMessage} (loading ${functionLabel(lambda)})`,
  );
}
