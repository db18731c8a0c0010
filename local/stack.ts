import { randomBytes } from 'node:crypto';
import { createRestApi } from './api-gateway/index.ts';
import { createAppSync, type AppSync } from './appsync/index.ts';
import { loadAppSyncCode } from './appsync/js/index.ts';
import { startDatabase, type Database } from './database/index.ts';
import { createFaultControl } from './faults/index.ts';
import { createPrincipals, type Principals } from './iam/index.ts';
import { createIssuer, type Issuer } from './issuer/index.ts';
import {
  createFunctionUrl,
  createLambdaApi,
  createLambdaService,
  type InvocationReport,
  type LambdaLog,
  type LambdaService,
} from './lambda/index.ts';
import { listen } from './listener.ts';
import { createMetricsRecorder } from './metrics/index.ts';
import { createPlayground } from './playground/playground.ts';
import { createReload, createResolverCode, type ReloadReport } from './reload/index.ts';
import { createFindSource } from './reload/source-positions.ts';
import { createSwitches } from './switches.ts';
import { buildStackModel, readCloudAssembly, type StackModel } from './template/index.ts';
import { tokenVerdict } from './token-verdict.ts';
import { pageConfig } from './web/page-config.ts';
import { createWebServer } from './web/server.ts';

/** What a local stack is started with. */
export interface LocalStackOptions {
  /** Folder of the synthesized app. */
  readonly cdkOut: string;
  /** Interface of API, HTTP door and page. Default `127.0.0.1`. */
  readonly host?: string;
  /** GraphQL, real-time and switches; 0 takes a free port. */
  readonly apiPort: number;
  /** The Function URL; 0 takes a free port. */
  readonly httpPort: number;
  /** The REST API, when the template has one. @defaultValue a free port */
  readonly restPort?: number;
  /** Serves the web page built into `root` (`buildPage`); 0 takes a free port. Without it no page is served. */
  readonly web?: { readonly port: number; readonly root: string };
  /** Keeps data and signing key between starts; without it nothing is kept. */
  readonly dataDir?: string;
  /** Runs the offline model and points every function at it. */
  readonly withOfflineModel: boolean;
  /** Answers `{{resolve:...}}` in the template: the model's key. */
  readonly secret?: (service: string, reference: string) => string;
  /** Variables on top of the template's, for benches and tests. */
  readonly functionEnvironment?: Readonly<Record<string, string>>;
  /** Scales Lambda's pauses between retries. @defaultValue 1 */
  readonly retryDelayFactor?: number;
  readonly log: LambdaLog;
  readonly report?: (report: InvocationReport) => void;
  /** Edits the model before anything is built from it: tests prove by it that the template is what runs. */
  readonly edit?: (model: StackModel) => StackModel;
}

/** A running local stack. */
export interface LocalStack {
  /** What runs now; another one after a reload. */
  readonly model: StackModel;
  readonly graphqlUrl: string;
  readonly realtimeUrl: string;
  /** The HTTP door, without a trailing slash. */
  readonly httpUrl: string;
  /** The HTTP door through API Gateway, with the stage and without a trailing slash; undefined when the template has no REST API. */
  readonly restApiUrl: string | undefined;
  /** Where the web page is served, without a trailing slash; undefined when the stack serves none. */
  readonly webUrl: string | undefined;
  /** The GraphQL playground; undefined when the template has no playground key. */
  readonly playgroundUrl: string | undefined;
  /** Origin of the offline model; undefined when another model is used. */
  readonly offlineModelUrl: string | undefined;
  readonly apiKey: string;
  readonly issuer: Issuer;
  /** The template's roles with their keys. */
  readonly principals: Principals;
  readonly appSync: AppSync;
  readonly lambda: LambdaService;
  readonly database: Database;
  /** A Cognito-shaped access token for a local user. */
  token(user: string, ttlSeconds?: number): Promise<string>;
  /**
   * Runs another version of the app from the next request on; sockets, subscriptions, data and queued events stay. All or nothing: see
   * `createReload` for what it rejects with, the old version running on. `cdkOut` must stay while that version runs.
   */
  reload(cdkOut: string): Promise<ReloadReport>;
  /** Ends everything it started; may be called twice. */
  close(): Promise<void>;
}

/** Database, offline model and Lambda's API are for this stack alone, whatever interface the others listen on. */
const LOOPBACK = '127.0.0.1';
const REGION = 'us-east-1';
const ACCOUNT_ID = '000000000000';
/** The playground's key (contract: Accounts). */
const LOCAL_API_KEY = 'da2-local';

/**
 * Runs the synthesized template: AppSync, Lambda, Function URL, DynamoDB, Cognito and IAM as it declares them, on
 * loopback. Everything reaches this stack through the template; nothing of resolvers/, functions/ or infra/ is imported.
 * Rejects, with everything already started ended, when a port is taken or the template cannot be run.
 */
export async function startLocalStack(options: LocalStackOptions): Promise<LocalStack> {
  const host = options.host ?? LOOPBACK;
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  const open = async (port: number, on = host) => {
    const listener = await listen(on, port);
    closers.push(() => listener.close());
    return listener;
  };
  try {
    const api = await open(options.apiPort);
    const door = await open(options.httpPort);
    const web = options.web && (await open(options.web.port));
    const internal = await open(0, LOOPBACK);
    const graphqlUrl = `${api.url}/graphql`;
    const realtimeUrl = `${graphqlUrl.replace('http', 'ws')}/realtime`;
    const readModel = (cdkOut: string) => {
      const resolved = buildStackModel(readCloudAssembly(cdkOut), {
        region: REGION,
        accountId: ACCOUNT_ID,
        graphqlUrl,
        realtimeUrl,
        functionUrl: () => door.url,
        providerUrl: (poolId) => `${api.url}/${poolId}`,
        apiKey: LOCAL_API_KEY,
        dynamicReference: options.secret ?? (() => ''),
      });
      return options.edit?.(resolved) ?? resolved;
    };
    const model = readModel(options.cdkOut);
    const principalSecret = randomBytes(32).toString('base64url');
    const assume = ({ roles }: StackModel) => createPrincipals(Object.values(roles), principalSecret);
    const principals = assume(model);
    const pool = model.userPools[0];
    if (!pool) throw new Error('The template has no user pool');
    const issuer = await createIssuer({
      poolId: pool.id,
      clientIds: pool.clientIds,
      ...kept(options.dataDir),
    });
    const database = await startDatabase({
      host: LOOPBACK,
      region: REGION,
      accountId: ACCOUNT_ID,
      tables: model.tables,
      principals: principals.list(),
      withOfflineModel: options.withOfflineModel,
      ...kept(options.dataDir),
    });
    closers.push(() => database.close());
    const offline: Record<string, string> =
      database.modelUrl === undefined ? {} : { OPENAI_BASE_URL: `${database.modelUrl}/v1` };
    const metrics = createMetricsRecorder({
      startedAt: Date.now(),
      settle: () => void appSync.counters(),
      consumed: () => database.counters(),
    });
    const lambda = createLambdaService({
      lambdas: model.lambdas,
      principals,
      region: REGION,
      environment: () => ({
        AWS_ENDPOINT_URL_DYNAMODB: database.endpoint,
        AWS_ENDPOINT_URL_LAMBDA: internal.url,
        ...offline,
        ...options.functionEnvironment,
      }),
      retryDelayFactor: options.retryDelayFactor ?? 1,
      log: options.log,
      report: (report) => {
        metrics.report(report);
        options.report?.(report);
      },
    });
    closers.push(() => lambda.close());
    const resolverCode = createResolverCode((code, name) =>
      loadAppSyncCode(code, name, {
        log: (level, values) =>
          options.log({
            functionName: 'appsync',
            requestId: '',
            level: level === 'error' ? 'ERROR' : 'INFO',
            message: values
              .map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))
              .join(' '),
          }),
      }),
    );
    await resolverCode.check(model, createFindSource(options.cdkOut));
    const appSync = createAppSync({
      model,
      loadCode: (code, name) => resolverCode.load(code, name),
      principals,
      verifyToken: tokenVerdict(issuer, model),
      invokeLambda: (call) => lambda.invoke(call),
      dynamoDbEndpoint: database.endpoint,
      charge: metrics.charge,
      log: (line) => options.log({ functionName: 'appsync', requestId: '', level: 'WARN', message: line }),
    });
    closers.push(() => appSync.close());
    const token = (user: string, ttlSeconds?: number) =>
      issuer.issueAccessToken({
        user,
        issuer: pool.providerUrl,
        clientId: pool.clientIds[0] ?? '',
        ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
      });
    const faults = createFaultControl([appSync, lambda, database], () => lambda.wakeWorkers());
    const switchesOf = (running: StackModel) =>
      createSwitches({ faults, lambda, model: running, token, metrics, host });
    let running = model;
    let switches = switchesOf(model);
    const reload = createReload(model, {
      readModel,
      assume,
      principals,
      resolverCode,
      appSync,
      lambda,
      database,
      swapped: (next) => {
        running = next;
        switches = switchesOf(next);
      },
    });
    const lambdaApi = createLambdaApi({ service: lambda, principals });
    internal.handle = (request, response) => {
      if (!lambdaApi(request, response)) response.writeHead(404).end();
    };
    const page = () =>
      pageConfig(running, { apiUrl: api.url, apiKey: LOCAL_API_KEY, isOffline: options.withOfflineModel });
    const { endpoint, apiKey, playgroundUrl } = page();
    const playground =
      apiKey === undefined ? undefined : createPlayground({ endpoint, apiKey, region: REGION });
    api.handle = (request, response) => {
      if (issuer.handle(request, response) || switches(request, response)) return;
      if (playground?.(request, response)) return;
      void appSync.handleHttp(request, response).then((isHandled) => {
        if (!isHandled) response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
      });
    };
    api.server.on('upgrade', (request, socket, head) => {
      if (!appSync.handleUpgrade(request, socket, head)) socket.destroy();
    });
    const urlFunction = model.lambdas.find((candidate) => candidate.url);
    if (urlFunction) door.handle = createFunctionUrl({ lambda: urlFunction, service: lambda });
    const rest = model.restApi && (await open(options.restPort ?? 0));
    if (rest && model.restApi) rest.handle = createRestApi({ api: model.restApi, service: lambda });
    if (options.web && web)
      web.handle = createWebServer({
        root: options.web.root,
        get config() {
          return page();
        },
        httpUrl: door.url,
      });
    return {
      get model() {
        return running;
      },
      graphqlUrl,
      realtimeUrl,
      httpUrl: door.url,
      restApiUrl: rest && `${rest.url}/${model.restApi?.stageName}`,
      webUrl: web?.url,
      playgroundUrl,
      offlineModelUrl: database.modelUrl,
      apiKey: LOCAL_API_KEY,
      issuer,
      principals,
      appSync,
      lambda,
      database,
      token,
      reload,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function kept(dataDir: string | undefined): { dataDir?: string } {
  return dataDir === undefined ? {} : { dataDir };
}
