import { renderToStaticMarkup, renderToString } from 'react-dom/server';
import { speak as speakConsole, t } from '@/shared/i18n/console';
import { directionOf, LANGUAGES as KNOWN, type Language } from '@/shared/i18n/language';
import { speak, text } from '@/shared/i18n/text';
import { App } from './app';
import { Frame } from './frame';

export const LANGUAGES = Object.keys(KNOWN) as Language[];

/** What the server puts into `page.html` (minijinja; already safe markup). */
const SERVER_CONTENT = '{{ content }}';

/** A page that says which language it is in. */
export function inLanguage(html: string, language: Language): string {
  const direction = directionOf(language);
  return html.replace('<html lang="en" dir="ltr">', `<html lang="${language}" dir="${direction}">`);
}

/**
 * Fills the placeholders of a page: `index` with the form, `page` with the server's, `admin` with what
 * it says without script.
 */
export async function fillPage(
  page: 'index' | 'page' | 'admin',
  html: string,
  language: Language,
): Promise<string> {
  if (page === 'admin') {
    await speakConsole(language);
    return html.replace('<!--no-script-->', t.noScript);
  }
  await speak(language);
  const main = page === 'index' ? renderToString(<App />) : SERVER_CONTENT;
  return html
    .replace('<!--title-->', text.form.documentTitle)
    .replace('<!--description-->', text.form.description)
    .replace('<!--frame-->', () => renderToStaticMarkup(<Frame main={main} language={language} />));
}
