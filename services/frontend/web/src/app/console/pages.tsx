import { getRouteApi, useLocation } from '@tanstack/react-router';
import { DeadLettersPage } from '@/features/dead-letters/dead-letters-page';
import { EmailsPage } from '@/features/emails/emails-page';
import { PeoplePage } from '@/features/people/people-page';
import { FIND } from '@/features/people/search';
import { ReportsPage } from '@/features/reports/reports-page';
import { AccountPage } from '@/features/session/account-page';
import { TeamPage } from '@/features/team/team-page';
import { EditorPage } from '@/features/templates/editor-page';
import { TemplatesPage } from '@/features/templates/templates-page';

const people = getRouteApi('/inside/registrations');
const emails = getRouteApi('/inside/emails');
const reports = getRouteApi('/inside/reports');
const deadLetters = getRouteApi('/inside/dead-letters');
const template = getRouteApi('/inside/templates/$name');

/** The pages of the features, each with its part of the address bar. */

export function People() {
  const navigate = people.useNavigate();
  const toReports = reports.useNavigate();
  return (
    <PeoplePage
      search={people.useSearch()}
      finding={useLocation().hash === FIND}
      onSearch={(search, how) => navigate({ search, ...how })}
      onExport={({ cursor: _, ...filters }) =>
        toReports({ to: '/reports', search: { ...filters, panel: 'report' } })
      }
    />
  );
}

export function Emails() {
  const navigate = emails.useNavigate();
  return <EmailsPage search={emails.useSearch()} onSearch={(search) => navigate({ search })} />;
}

export function Reports() {
  const navigate = reports.useNavigate();
  return <ReportsPage search={reports.useSearch()} onSearch={(search) => navigate({ search })} />;
}

export function DeadLetters() {
  const navigate = deadLetters.useNavigate();
  return (
    <DeadLettersPage search={deadLetters.useSearch()} onSearch={(search) => navigate({ search })} />
  );
}

export function Template() {
  const { name } = template.useParams();
  const { locale = 'en' } = template.useSearch();
  return <EditorPage name={name} locale={locale} />;
}

export { AccountPage as Account, TeamPage as Team, TemplatesPage as Templates };
