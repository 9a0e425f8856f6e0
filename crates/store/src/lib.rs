//! The runs database: migrations, typed reads and writes, documented views.
