import { en } from './en';
import type { Language } from './language';

export type Words = typeof en;

/** The words of the page's language; a live binding, set before anything is rendered. */
export let text: Words = en;

/** Loads the words of a language; English is there already. */
export async function speak(language: Language): Promise<void> {
  if (language === 'de') text = (await import('./de')).de;
  else if (language === 'ar') text = (await import('./ar')).ar;
  else text = en;
}
