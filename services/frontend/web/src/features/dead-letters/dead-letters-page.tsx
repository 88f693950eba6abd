import { Group, Select } from '@mantine/core';
import { t } from '@/shared/i18n/console';
import { Page } from '@/shared/ui/page';
import { Causes } from './causes';
import { LetterPanel } from './letter-panel';
import { Letters } from './letters';
import { type DeadLettersSearch, QUEUES } from './search';

type Props = { search: DeadLettersSearch; onSearch: (search: DeadLettersSearch) => void };

/** Messages that could not be processed: by cause, then one by one. */
export function DeadLettersPage({ search, onSearch }: Props) {
  const { open, ...list } = search;
  const which = search.queue ? { queue: search.queue } : {};
  return (
    <Page title={t.deadLetters.title} lede={t.deadLetters.lede}>
      <Group align="flex-end" gap="sm">
        <Select
          label={t.deadLetters.queue}
          w={260}
          allowDeselect={false}
          value={search.queue ?? ''}
          data={[
            { value: '', label: t.deadLetters.all },
            ...QUEUES.map((value) => ({ value, label: value })),
          ]}
          onChange={(queue) =>
            onSearch({ ...(search.view ? { view: search.view } : {}), ...(queue ? { queue } : {}) })
          }
        />
        <Select
          label={t.deadLetters.title}
          w={200}
          allowDeselect={false}
          value={search.view ?? 'causes'}
          data={[
            { value: 'causes', label: t.deadLetters.byCause },
            { value: 'messages', label: t.deadLetters.one },
          ]}
          onChange={(view) => onSearch({ ...which, ...(view === 'messages' ? { view } : {}) })}
        />
      </Group>
      {search.view === 'messages' ? (
        <Letters search={list} open={open} onSearch={onSearch} />
      ) : (
        <Causes queue={search.queue} onClear={() => onSearch({})} />
      )}
      <LetterPanel id={open} onClose={() => onSearch(list)} />
    </Page>
  );
}
