import { Button, Group, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { NotificationDetail } from '@/shared/api/types';
import { t } from '@/shared/i18n/console';
import { number } from '@/shared/i18n/console/format';
import { ChangeButton } from '@/shared/session/change-button';
import { Facts } from '@/shared/ui/facts';
import { MailViews } from '@/shared/ui/mail-views';
import { tell, tellError } from '@/shared/ui/notify';
import { Panel } from '@/shared/ui/panel';
import { Failure } from '@/shared/ui/states';
import { outcomeKind, TraceItem } from '@/shared/ui/trace';
import { When } from '@/shared/ui/when';
import { emailQuery, previewQuery, resend } from './api';
import { EmailStatus, emailName } from './emails-page';

type Props = { id: string | undefined; onClose: () => void };

export function EmailPanel({ id, onClose }: Props) {
  return (
    <Panel opened={id !== undefined} onClose={onClose} title={t.emails.title}>
      {id !== undefined && <Details key={id} id={id} />}
    </Panel>
  );
}

function Details({ id }: { id: string }) {
  const client = useQueryClient();
  const { data: mail, error, refetch } = useQuery(emailQuery(id));
  if (error && !mail) return <Failure error={error} onRetry={refetch} />;
  if (!mail) return <Skeleton height={180} />;

  async function sendAgain() {
    try {
      await resend(id);
      tell(t.emails.resent);
      await client.invalidateQueries({ queryKey: ['emails'] });
      await refetch();
    } catch (caught) {
      tellError(caught);
    }
  }

  return (
    <Stack gap="lg">
      <Title order={2} size="h3" className="breakable">
        {t.emails.panel(mail.recipient)}
      </Title>
      <Facts
        items={[
          [t.emails.columns.what, emailName(mail.notification_type)],
          [t.emails.columns.status, <EmailStatus key="status" status={mail.status} />],
          [t.emails.columns.asked, <When key="asked" at={mail.created_at} />],
          [t.emails.sentAt, <When key="sent" at={mail.sent_at} />],
          [t.emails.columns.attempts, number(mail.attempts)],
        ]}
      />
      <Group gap="sm">
        <ChangeButton variant="default" onClick={sendAgain}>
          {t.emails.resend}
        </ChangeButton>
        {mail.user_id && (
          <Button
            variant="subtle"
            renderRoot={(props) => (
              <Link to="/registrations" search={{ open: mail.user_id as number }} {...props} />
            )}
          >
            {t.emails.toPerson}
          </Button>
        )}
      </Group>
      <Attempts mail={mail} />
      <Contents id={id} />
    </Stack>
  );
}

function Attempts({ mail }: { mail: NotificationDetail }) {
  return (
    <section>
      <Title order={3} size="h5" mb="sm">
        {t.emails.attempts}
      </Title>
      {mail.history.length === 0 ? (
        <Text c="dimmed">{t.emails.noAttempts}</Text>
      ) : (
        <ol className="trace">
          {mail.history.map(({ at, outcome, reply }) => (
            <TraceItem key={at} at={at} kind={outcomeKind(outcome)} reply={reply}>
              {t.emails.outcomes[outcome]}
            </TraceItem>
          ))}
        </ol>
      )}
    </section>
  );
}

/** What the e-mail says. */
function Contents({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(previewQuery(id));
  return (
    <section>
      <Title order={3} size="h5">
        {t.emails.contents}
      </Title>
      <Text c="dimmed" size="sm" mb="sm">
        {t.emails.contentsText}
      </Text>
      {error && !data && <Failure error={error} onRetry={refetch} />}
      {data ? <MailViews {...data} /> : !error && <Skeleton height={320} />}
    </section>
  );
}
