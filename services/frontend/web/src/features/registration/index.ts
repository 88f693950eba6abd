export { RegistrationCard } from './components/registration-card';
