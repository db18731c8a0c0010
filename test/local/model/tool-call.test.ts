import { describe, expect, it } from 'vitest';
import { ask, useOfflineModel } from './offline-client.ts';

const { openai } = useOfflineModel();

describe('the offline model', () => {
  it('calls a tool that is offered, streaming and not, and then says what the tool said', async () => {
    const tools = [{ type: 'function' as const, function: { name: 'now' } }];
    const body = { model: 'm', messages: ask('/call now {"zone": "UTC"}') };
    const whole = (await openai().chat.completions.create({ ...body, tools })).choices[0];
    const streamed = await openai()
      .chat.completions.stream({ ...body, tools })
      .finalMessage();

    const called = [{ type: 'function', function: { name: 'now', arguments: '{"zone": "UTC"}' } }];
    expect(whole).toMatchObject({
      finish_reason: 'tool_calls',
      message: { content: null, tool_calls: called },
    });
    expect(streamed).toMatchObject({ tool_calls: called });
    const said = [
      { role: 'assistant' as const, content: null, tool_calls: streamed.tool_calls },
      { role: 'tool' as const, tool_call_id: streamed.tool_calls?.[0]?.id ?? '', content: '12:30' },
    ];
    const after = await openai().chat.completions.create({
      ...body,
      messages: [...body.messages, ...said],
      tools,
    });
    expect(after.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '12:30' } });
    expect((await openai().chat.completions.create(body)).choices[0]?.message.content).toContain(
      'No tool `now`',
    );
  });
});
