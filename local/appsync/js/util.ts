import { ulid } from 'ulid';
import { compileJavaPattern } from './java-pattern.ts';
import { numberArgument, RaisedSignal, stringArgument } from './outcome.ts';
import type { AuthType, Builtin, HandlerCall, RaisedError, RuntimePorts } from './outcome.ts';

/** What `util.authType()` answers per mode (recorded from AWS; the typings list the first four). */
const AUTH_TYPE_TEXT: Readonly<Record<AuthType, string>> = {
  API_KEY: 'API Key Authorization',
  AWS_IAM: 'IAM Authorization',
  AMAZON_COGNITO_USER_POOLS: 'User Pool Authorization',
  OPENID_CONNECT: 'Open ID Connect Authorization',
  AWS_LAMBDA: 'Lambda Authorization',
};

const NORMALIZATIONS = ['nfc', 'nfd', 'nfkc', 'nfkd'];

/** `util.*`, `util.str` and `util.math`. */
export function generalBuiltins(ports: RuntimePorts, call: () => HandlerCall): Record<string, Builtin> {
  return {
    'util.error': (message, type, data, errorInfo) => {
      throw new RaisedSignal(raisedError('util.error', message, type, data, errorInfo));
    },
    'util.appendError': (message, type, data, errorInfo) => {
      call().outcome.appendedErrors.push(raisedError('util.appendError', message, type, data, errorInfo));
    },
    'util.unauthorized': () => {
      const { fieldName, parentTypeName } = call().context.info;
      const message = `Not Authorized to access ${fieldName} on type ${parentTypeName}`;
      throw new RaisedSignal({ message, type: 'Unauthorized', data: null, errorInfo: null });
    },
    'util.authType': () => {
      const { authType } = call().context;
      if (!authType) throw new TypeError('util.authType: the engine gave no authorization type');
      return AUTH_TYPE_TEXT[authType];
    },
    'util.autoId': () => randomUuid(ports.random),
    'util.autoUlid': () => ulid(ports.now(), ports.random),
    'util.matches': (pattern, value) =>
      compileJavaPattern(stringArgument('util.matches', pattern), 'whole').test(
        stringArgument('util.matches', value),
      ),
    'util.escapeJavaScript': (value) => escapeJavaScript(stringArgument('util.escapeJavaScript', value)),
    'util.urlEncode': (value) =>
      new URLSearchParams([['', stringArgument('util.urlEncode', value)]]).toString().slice(1),
    'util.urlDecode': (value) =>
      decodeURIComponent(stringArgument('util.urlDecode', value).replaceAll('+', ' ')),
    'util.base64Encode': (value) =>
      Buffer.from(stringArgument('util.base64Encode', value)).toString('base64'),
    'util.base64Decode': (value) =>
      Buffer.from(stringArgument('util.base64Decode', value), 'base64').toString(),
    'util.str.normalize': (value, form) => {
      const name = stringArgument('util.str.normalize', form);
      if (!NORMALIZATIONS.includes(name)) throw new TypeError(`util.str.normalize has no form '${name}'`);
      return stringArgument('util.str.normalize', value).normalize(name.toUpperCase());
    },
    'util.math.roundNum': (value) => Math.round(numberArgument('util.math.roundNum', value)),
    'util.math.minVal': (a, b) =>
      Math.min(numberArgument('util.math.minVal', a), numberArgument('util.math.minVal', b)),
    'util.math.maxVal': (a, b) =>
      Math.max(numberArgument('util.math.maxVal', a), numberArgument('util.math.maxVal', b)),
    'util.math.randomDouble': () => ports.random(),
    'util.math.randomWithinRange': (start, end) => {
      const from = numberArgument('util.math.randomWithinRange', start);
      return from + Math.floor(ports.random() * (numberArgument('util.math.randomWithinRange', end) - from));
    },
  };
}

function raisedError(
  builtin: string,
  message: unknown,
  type: unknown,
  data: unknown = null,
  errorInfo: unknown = null,
): RaisedError {
  const typeName = type === undefined || type === null ? null : stringArgument(builtin, type);
  return { message: stringArgument(builtin, message), type: typeName, data, errorInfo };
}

function randomUuid(random: () => number): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16));
  digits[12] = 4;
  digits[16] = 8 + ((digits[16] ?? 0) % 4);
  const hex = digits.map((digit) => digit.toString(16)).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  "'": "\\'",
  '/': '\\/',
  '\\': '\\\\',
};

function escapeJavaScript(value: string): string {
  return value.replace(/["'/\\]|[^ -~]/g, (unit) => {
    const code = unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
    return SHORT_ESCAPES[unit] ?? `\\u${code}`;
  });
}
