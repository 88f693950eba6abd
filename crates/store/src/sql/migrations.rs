//! The numbered migrations, compiled in.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

/// Migrations from the names and texts of their files: `0001_users` is number 1.
pub(crate) fn migrator(files: impl IntoIterator<Item = (&'static str, &'static str)>) -> Migrator {
    let migration = |(file, text): (&'static str, &'static str)| {
        let (number, name) = file.split_once('_').expect("a number, then a name");
        let number = number.parse().expect("a number");
        Migration::new(number, name.into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    Migrator::with_migrations(files.into_iter().map(migration).collect())
}

/// The files in a folder of `migrations`.
macro_rules! migrations {
    ($folder:literal: $($file:literal),+ $(,)?) => {
        std::sync::LazyLock::new(|| {
            $crate::sql::migrations::migrator([
                $(($file, include_str!(concat!("../../migrations/", $folder, "/", $file, ".sql")))),+
            ])
        })
    };
}
pub(crate) use migrations;
