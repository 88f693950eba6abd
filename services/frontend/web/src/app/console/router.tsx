import { Center } from '@mantine/core';
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
} from '@tanstack/react-router';
import { validateDeadLettersSearch } from '@/features/dead-letters/search';
import { validateEmailsSearch } from '@/features/emails/search';
import { validatePeopleSearch } from '@/features/people/search';
import { validateReportsSearch } from '@/features/reports/search';
import { LoginPage } from '@/features/session/login-page';
import { validateTemplateSearch } from '@/features/templates/search';
import { asFlag, asText } from '@/shared/router/search';
import { Crashed, NotFound } from './errors';
import { Shell } from './shell';

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (raw: Record<string, unknown>): { next?: string; ended?: boolean } => ({
    ...asText(raw, 'next'),
    ...asFlag(raw, 'ended'),
  }),
  component: function Login() {
    const { next, ended = false } = login.useSearch();
    const navigate = login.useNavigate();
    // A place within the console, and no other site's address.
    const inside = next?.startsWith('/') && !next.startsWith('//') ? next : '/';
    return (
      <Center mih="100dvh" p="md" component="main">
        <LoginPage ended={ended} onLoggedIn={() => navigate({ href: inside, replace: true })} />
      </Center>
    );
  },
});

const inside = createRoute({ getParentRoute: () => root, id: 'inside', component: Shell });

const overview = createRoute({
  getParentRoute: () => inside,
  path: '/',
  component: lazyRouteComponent(() => import('@/features/overview/overview-page'), 'OverviewPage'),
});

const people = createRoute({
  getParentRoute: () => inside,
  path: '/registrations',
  validateSearch: validatePeopleSearch,
  component: lazyRouteComponent(() => import('./pages'), 'People'),
});

const emails = createRoute({
  getParentRoute: () => inside,
  path: '/emails',
  validateSearch: validateEmailsSearch,
  component: lazyRouteComponent(() => import('./pages'), 'Emails'),
});

const reports = createRoute({
  getParentRoute: () => inside,
  path: '/reports',
  validateSearch: validateReportsSearch,
  component: lazyRouteComponent(() => import('./pages'), 'Reports'),
});

const deadLetters = createRoute({
  getParentRoute: () => inside,
  path: '/dead-letters',
  validateSearch: validateDeadLettersSearch,
  component: lazyRouteComponent(() => import('./pages'), 'DeadLetters'),
});

const templates = createRoute({
  getParentRoute: () => inside,
  path: '/templates',
  component: lazyRouteComponent(() => import('./pages'), 'Templates'),
});

const template = createRoute({
  getParentRoute: () => inside,
  path: '/templates/$name',
  validateSearch: validateTemplateSearch,
  component: lazyRouteComponent(() => import('./pages'), 'Template'),
});

const team = createRoute({
  getParentRoute: () => inside,
  path: '/team',
  component: lazyRouteComponent(() => import('./pages'), 'Team'),
});

const account = createRoute({
  getParentRoute: () => inside,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages'), 'Account'),
});

export const router = createRouter({
  routeTree: root.addChildren([
    login,
    inside.addChildren([
      overview,
      people,
      emails,
      reports,
      deadLetters,
      templates,
      template,
      team,
      account,
    ]),
  ]),
  basepath: '/admin',
  defaultPreload: 'intent',
  defaultErrorComponent: Crashed,
  defaultNotFoundComponent: NotFound,
  scrollRestoration: true,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
