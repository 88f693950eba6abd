import type { Values } from '../model/values';

export function readValues(form: HTMLFormElement): Values {
  const data = new FormData(form);
  const value = (field: string) => String(data.get(field) ?? '');
  return { name: value('name'), surname: value('surname'), email: value('email') };
}
