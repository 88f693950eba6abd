import { en } from './en';

/** The words of the page's language. There is one language; the next one is chosen here. */
export const text: typeof en = en;
