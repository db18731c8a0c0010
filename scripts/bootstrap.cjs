'use strict';
/*
 * Entry of `npm start`, `npm test` and of `npm run` bench, soak, token and pack:client: written in old JavaScript because it runs
 * on the system's Node, before the pinned Node 24 of node_modules/.bin exists. It installs when needed, says so, and hands
 * over.
 */
var childProcess = require('child_process');
var fs = require('fs');
var path = require('path');

var root = path.join(__dirname, '..');
var OLDEST_NODE = 20;
var RUNTIME_NODE = 24;
/* What Node compiled once it does not compile again. local/compile-cache.ts names the same folder. */
var COMPILE_CACHE = path.join(root, 'node_modules', '.cache', 'compile');
var MOST_COMPILED_BYTES = 256 * 1024 * 1024;

function stop(line) {
  process.stderr.write('appsync-chat: ' + line + '\n');
  process.exit(1);
}

function say(line) {
  process.stderr.write('appsync-chat: ' + line + '\n');
}

function packagesOf(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages || {};
  } catch (error) {
    return null;
  }
}

/* npm writes node_modules/.package-lock.json last, so it tells what the last finished install put there. */
function isInstalled() {
  var wanted = packagesOf(path.join(root, 'package-lock.json'));
  var present = packagesOf(path.join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !present) return false;
  return Object.keys(wanted).every(function (name) {
    if (name === '' || wanted[name].optional || wanted[name].devOptional) return true;
    return present[name] !== undefined && present[name].version === wanted[name].version;
  });
}

function install() {
  say('installing the pinned dependencies (npm ci); this takes about a minute on the first run');
  var npm = process.env.npm_execpath;
  var words = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  var result = npm
    ? childProcess.spawnSync(process.execPath, [npm].concat(words), { cwd: root, stdio: 'inherit' })
    : childProcess.spawnSync('npm', words, {
        cwd: root,
        stdio: 'inherit',
        shell: process.platform === 'win32',
      });
  if (result.status !== 0) stop('npm ci failed; its message is above. Nothing was started.');
}

/* Linux gets Node 24 from the optional node-linux-* packages; elsewhere the user's own Node must be new enough. */
function runtimeNode() {
  var pinned = path.join(root, 'node_modules', '.bin', 'node');
  if (fs.existsSync(pinned)) return pinned;
  if (Number(process.versions.node.split('.')[0]) >= RUNTIME_NODE) return process.execPath;
  return stop(
    'this platform (' +
      process.platform +
      '-' +
      process.arch +
      ') has no bundled Node ' +
      RUNTIME_NODE +
      '; please run with Node ' +
      RUNTIME_NODE +
      ' or newer (this is ' +
      process.version +
      ').',
  );
}

/* Every synthesis leaves its bundles there under names of its own, and Node removes none. */
function trimCompileCache() {
  try {
    var bytes = fs.readdirSync(COMPILE_CACHE, { recursive: true }).reduce(function (sum, name) {
      return sum + fs.statSync(path.join(COMPILE_CACHE, name)).size;
    }, 0);
    if (bytes > MOST_COMPILED_BYTES) fs.rmSync(COMPILE_CACHE, { recursive: true, force: true });
  } catch (error) {
    /* It is not there yet, or another start is at it. */
  }
}

var SCRIPTS = {
  start: 'local/start.ts',
  test: 'scripts/check.ts',
  bench: 'bench/run.ts',
  soak: 'bench/soak.ts',
  token: 'local/token.ts',
  'pack:client': 'scripts/pack-client.ts',
};

function main() {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    return stop('needs Node ' + OLDEST_NODE + ' or newer; this is ' + process.version + '.');
  }
  var script = SCRIPTS[process.argv[2]];
  if (!script) return stop('unknown command ' + process.argv[2]);
  if (!isInstalled()) install();
  var node = runtimeNode();
  trimCompileCache();
  var env = Object.assign({}, process.env, {
    PATH: path.join(root, 'node_modules', '.bin') + path.delimiter + (process.env.PATH || ''),
    NODE_COMPILE_CACHE: COMPILE_CACHE,
  });
  /* The IPC channel is the leash: the script stops everything it started when this process is gone. */
  var child = childProcess.spawn(node, [script].concat(process.argv.slice(3)), {
    cwd: root,
    env: env,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  ['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (signal) {
    /* Ctrl-C reaches the whole foreground group already; SIGTERM and SIGHUP reach only this process. */
    process.on(signal, function () {
      if (signal !== 'SIGINT') child.kill(signal);
    });
  });
  /* npm passes SIGTERM to its shell alone, and the shell dies without passing it on: a new parent means that it did. */
  var parent = process.ppid;
  setInterval(function () {
    if (process.ppid !== parent) child.kill('SIGTERM');
  }, 250).unref();
  child.on('exit', function (code, signal) {
    process.exit(signal ? 1 : code);
  });
}

main();
