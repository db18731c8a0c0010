import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { randomId } from '../crypto.ts';
import { App } from './components/app.tsx';
import { fetchConfig } from './config.ts';
import { createKeptTexts } from './kept-texts.ts';
import { createRouter } from './routes.ts';
import { createSession } from './session.ts';

const request: typeof fetch = (input, init) => fetch(input, init);

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <App
      router={createRouter(window, randomId)}
      texts={createKeptTexts(sessionStorage)}
      loadConfig={() => fetchConfig(request)}
      makeSession={(config) =>
        createSession({ config, request, now: () => Date.now(), storage: localStorage })
      }
    />
  </StrictMode>,
);
