import type { Plugin } from 'vite';

const PAGES = ['index', 'page', 'admin'] as const;

/**
 * Fills the pages' placeholders on every request, as `scripts/prerender.mjs` does after a build, and
 * answers with the console below `/admin`, as the server does.
 */
export function prerenderInDev(): Plugin {
  return {
    name: 'userstream:prerender-in-dev',
    apply: 'serve',
    configureServer({ middlewares }) {
      middlewares.use((request, _response, next) => {
        if (/^\/admin(\/|\?|$)/.test(request.url ?? '')) request.url = '/admin.html';
        next();
      });
    },
    transformIndexHtml: {
      order: 'pre',
      async handler(html, { server, filename }) {
        if (!server) return html;
        const { fillPage } = await server.ssrLoadModule('/src/app/prerender.tsx');
        return fillPage(
          PAGES.find((page) => filename.endsWith(`${page}.html`)),
          html,
          'en',
        );
      },
    },
  };
}
