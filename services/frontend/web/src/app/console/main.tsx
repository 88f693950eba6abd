import '@mantine/core/styles.layer.css';
import '@mantine/charts/styles.layer.css';
import '@mantine/notifications/styles.layer.css';
import './console.css';
import { DirectionProvider, MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { makeQueryClient } from '@/shared/api/query-client';
import { speak } from '@/shared/i18n/console';
import { directionOf, pageLanguage } from '@/shared/i18n/language';
import { colorSchemeManager, cssVariables, theme } from '@/shared/ui/theme';
import { router } from './router';

const element = document.getElementById('console');
const language = pageLanguage();
const direction = directionOf(language);

// The words are there before anything is said.
speak(language).finally(() => {
  if (!element) return;
  createRoot(element).render(
    <StrictMode>
      <DirectionProvider initialDirection={direction} detectDirection={false}>
        <MantineProvider
          theme={theme}
          cssVariablesResolver={cssVariables}
          colorSchemeManager={colorSchemeManager}
          defaultColorScheme="auto"
        >
          <QueryClientProvider client={makeQueryClient()}>
            <RouterProvider router={router} />
          </QueryClientProvider>
          <Notifications position={direction === 'rtl' ? 'bottom-left' : 'bottom-right'} />
        </MantineProvider>
      </DirectionProvider>
    </StrictMode>,
  );
});
