/** API Gateway's REST APIs, as far as the template may use them: one stage that streams from Lambda. */
export { createRestApi } from './rest-api.ts';
export type { RestApiOptions } from './rest-api.ts';
export type { RestEvent } from './rest-event.ts';
