//! What a person submits.

use serde::{Deserialize, Serialize};

use crate::{EmailAddress, FieldError, PersonName};

/// A person's submission, checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// First name.
    pub name: PersonName,
    /// Surname.
    pub surname: PersonName,
    /// Where the confirmation goes.
    pub email: EmailAddress,
}

impl Registration {
    /// Checks all three fields and reports every broken rule at once, in the order of the form.
    pub fn parse(name: &str, surname: &str, email: &str) -> Result<Self, Vec<FieldError>> {
        let name = PersonName::parse(name).map_err(|e| FieldError::known("name", e.code()));
        let surname =
            PersonName::parse(surname).map_err(|e| FieldError::known("surname", e.code()));
        let email = EmailAddress::parse(email).map_err(|e| FieldError::known("email", e.code()));
        match (name, surname, email) {
            (Ok(name), Ok(surname), Ok(email)) => Ok(Self { name, surname, email }),
            (name, surname, email) => {
                Err([name.err(), surname.err(), email.err()].into_iter().flatten().collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_errors_are_told_at_once() {
        let errors = Registration::parse(" ", "www.example.com", "nobody").unwrap_err();
        let told: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.code.as_str())).collect();
        assert_eq!(told, [("name", "required"), ("surname", "link"), ("email", "missing_at")]);
    }
}
