/**
 * What asks the model to go on with an answer that was cut off, as a last user turn after the text so far: the one form
 * every OpenAI-compatible provider accepts. The offline model knows it, too.
 */
export const CONTINUE_INSTRUCTION =
  'Your answer was cut off. Go on exactly where it stopped: do not repeat anything and do not comment on the interruption.';
