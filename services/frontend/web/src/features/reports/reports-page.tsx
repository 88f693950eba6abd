import { Tabs } from '@mantine/core';
import { t } from '@/shared/i18n/console';
import { ChangeButton } from '@/shared/session/change-button';
import { Page } from '@/shared/ui/page';
import { Panel } from '@/shared/ui/panel';
import { Files } from './files';
import { ReportForm } from './report-form';
import { Schedules } from './schedules';
import type { ReportsSearch } from './search';

type Props = { search: ReportsSearch; onSearch: (search: ReportsSearch) => void };

export function ReportsPage({ search, onSearch }: Props) {
  const { panel, tab, cursor, ...filters } = search;
  const base: ReportsSearch = tab ? { tab } : {};
  const close = () => onSearch({ ...base, ...(cursor ? { cursor } : {}) });
  return (
    <Page
      title={t.reports.title}
      actions={
        <>
          <ChangeButton
            variant="default"
            onClick={() => onSearch({ tab: 'schedules', panel: 'schedule' })}
          >
            {t.reports.newSchedule}
          </ChangeButton>
          <ChangeButton onClick={() => onSearch({ panel: 'report' })}>
            {t.reports.create}
          </ChangeButton>
        </>
      }
    >
      <Tabs
        value={tab ?? 'files'}
        keepMounted={false}
        onChange={(value) => onSearch(value === 'schedules' ? { tab: 'schedules' } : {})}
      >
        <Tabs.List mb="lg">
          <Tabs.Tab value="files">{t.reports.tabs.files}</Tabs.Tab>
          <Tabs.Tab value="schedules">{t.reports.tabs.schedules}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="files">
          <Files cursor={cursor} onCursor={(next) => onSearch(next ? { cursor: next } : {})} />
        </Tabs.Panel>
        <Tabs.Panel value="schedules">
          <Schedules />
        </Tabs.Panel>
      </Tabs>
      <Panel
        opened={panel !== undefined}
        onClose={close}
        title={panel === 'schedule' ? t.reports.schedulePanel : t.reports.panel}
      >
        {panel && (
          <ReportForm
            key={panel}
            filters={filters}
            kind={panel}
            onDone={(kind) => onSearch(kind === 'schedule' ? { tab: 'schedules' } : {})}
          />
        )}
      </Panel>
    </Page>
  );
}
