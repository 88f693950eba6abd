import type { HtmlTagDescriptor, Plugin } from 'vite';

const THEME_SOURCE = '/src/app/theme/theme.ts';
const LATIN_FONT = /inter-latin-wght-normal.*\.woff2$/;

/**
 * Adds to every page what must be known before the first paint: the theme, as a blocking classic
 * script, and the font that nearly every visitor needs.
 */
export function htmlHead(): Plugin {
  return {
    name: 'userstream:html-head',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle }): HtmlTagDescriptor[] {
        if (!bundle) return [script(THEME_SOURCE)];

        const files = Object.values(bundle);
        const theme = files.find((file) => file.type === 'chunk' && file.name === 'theme');
        const font = files.find((file) => LATIN_FONT.test(file.fileName));
        if (!theme || !font) throw new Error('the theme script or the font is not in the bundle');
        return [script(`/${theme.fileName}`), fontPreload(`/${font.fileName}`)];
      },
    },
  };
}

function script(src: string): HtmlTagDescriptor {
  return { tag: 'script', attrs: { src }, injectTo: 'head' };
}

function fontPreload(href: string): HtmlTagDescriptor {
  return {
    tag: 'link',
    attrs: { rel: 'preload', href, as: 'font', type: 'font/woff2', crossorigin: true },
    injectTo: 'head-prepend',
  };
}
