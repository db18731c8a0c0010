/** What APPSYNC_JS offers besides the language: console.log and console.error write to the API's log. */
declare const console: { log(...values: unknown[]): void; error(...values: unknown[]): void };
