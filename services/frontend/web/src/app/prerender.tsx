import { renderToStaticMarkup, renderToString } from 'react-dom/server';
import { text } from '@/shared/i18n/text';
import { App } from './app';
import { Frame } from './frame';

/** What the server puts into `page.html` (minijinja; already safe markup). */
const SERVER_CONTENT = '{{ content }}';

/** Fills the placeholders of a page: `index` with the form, `page` with the server's. */
export function fillPage(page: 'index' | 'page', html: string): string {
  const main = page === 'index' ? renderToString(<App />) : SERVER_CONTENT;
  return html
    .replace('<!--title-->', text.form.documentTitle)
    .replace('<!--description-->', text.form.description)
    .replace('<!--frame-->', () => renderToStaticMarkup(<Frame main={main} />));
}
