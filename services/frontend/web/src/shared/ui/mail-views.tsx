import { Tabs, Text } from '@mantine/core';
import type { Preview } from '../api/types';
import { t } from '../i18n/console';

/** The e-mail as a person would get it, in a frame that runs nothing. */
export function MailViews({ subject, text, html }: Preview) {
  return (
    <Tabs defaultValue="html" keepMounted={false}>
      <Text fw={600} mb="sm" dir="auto">
        {subject}
      </Text>
      <Tabs.List mb="sm">
        {(['html', 'phone', 'text'] as const).map((view) => (
          <Tabs.Tab key={view} value={view}>
            {t.templates.views[view]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      {(['html', 'phone'] as const).map((view) => (
        <Tabs.Panel key={view} value={view}>
          <iframe
            className="mail-frame"
            data-phone={view === 'phone' || undefined}
            title={t.templates.views[view]}
            sandbox=""
            srcDoc={html}
          />
        </Tabs.Panel>
      ))}
      <Tabs.Panel value="text">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by keyboard. */}
        <pre className="code-block" dir="auto" tabIndex={0}>
          {text}
        </pre>
      </Tabs.Panel>
    </Tabs>
  );
}
