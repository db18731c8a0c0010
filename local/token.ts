/** `npm run -s token -- alice`: prints an access token of a local user, from the running stack. */
const [user, ...rest] = process.argv.slice(2);
const port = process.env.CHAT_PORT ?? '4000';

if (!user || rest.length > 0) {
  console.error(
    'Usage: npm run -s token -- USER (CHAT_PORT names the base port of the running stack, 4000 by default)',
  );
  process.exitCode = 1;
} else {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/local/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ user }),
    });
    const body = (await answer.json()) as { token?: string; error?: string };
    if (body.token) console.log(body.token);
    else {
      console.error(`appsync-chat: ${body.error ?? `the local stack answered ${answer.status}`}`);
      process.exitCode = 1;
    }
  } catch {
    console.error(
      `appsync-chat: no local stack answers at port ${port}. Start it with npm start; CHAT_PORT names another base port.`,
    );
    process.exitCode = 1;
  }
}

export {};
