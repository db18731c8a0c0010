/** The chunks of a body of the AI SDK dialect, without `[DONE]`. */
export const chunksOf = (body: string) =>
  [...body.matchAll(/^data: (\{.*)$/gm)].map(
    ([, data = '']) => JSON.parse(data) as { type: string; delta?: string; data?: { code: string } },
  );

/** The text and reasoning of a body. */
export const textOf = (body: string) =>
  chunksOf(body)
    .map(({ delta }) => delta ?? '')
    .join('');
