import type { Overview } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { number } from '@/shared/i18n/console/format';

export type Matter = { text: string; to: string; search?: Record<string, string> };

/** What needs a person, each with the page where something can be done about it. */
export function attention({ stats, queues, services }: Overview): Matter[] {
  const matters: Matter[] = [];
  const dead = queues?.reduce((sum, queue) => sum + queue.dead_letters, 0) ?? 0;
  if (dead > 0) {
    matters.push({ text: t.overview.deadLetters(dead, number(dead)), to: '/dead-letters' });
  }
  const emails = stats?.notifications.failed ?? 0;
  if (emails > 0) {
    const text = t.overview.failedEmails(emails, number(emails));
    matters.push({ text, to: '/emails', search: { status: 'failed' } });
  }
  const reports = stats?.reports.failed ?? 0;
  if (reports > 0) {
    matters.push({ text: t.overview.failedReports(reports, number(reports)), to: '/reports' });
  }
  for (const queue of queues ?? []) {
    if (queue.consumers === 0 && queue.ready > 0) {
      const text = t.overview.noConsumer(queue.name, number(queue.ready));
      matters.push({ text, to: '/', search: {} });
    }
  }
  for (const { name, health } of services) {
    const title = t.overview.names[name] ?? name;
    if (!health) matters.push({ text: t.overview.serviceAway(title), to: '/' });
    for (const [check, { status, required }] of Object.entries(health?.checks ?? {})) {
      // A service that is away is told once, by itself.
      if (status === 'ok' || (!required && check in t.overview.names)) continue;
      matters.push({ text: t.overview.serviceLacks(title, check), to: '/' });
    }
  }
  return matters;
}
