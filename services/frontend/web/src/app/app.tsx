import { RegistrationCard } from '@/features/registration';

export function App() {
  return <RegistrationCard />;
}
