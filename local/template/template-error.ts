/** The template needs something that the local stack does not have; the message names it by logical id, type and name. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
