//! The lock of transactions that write, and the session of the server that holds it.

use sqlx::AssertSqlSafe;

use super::driver::{Outcome, Pool};
use super::naming::{name, of_session};
use super::running::acquire;
use crate::holder::Holder;

/// The lock of transactions that write.
pub(super) const WRITING: i64 = 0x7261_6e6b_0000_0002;

/// The session that has held locks of writers for longest, this process's left out. `None` where there is none any
/// more, or the server does not answer.
pub(crate) async fn holder(pool: &Pool) -> Option<Holder> {
    find(pool).await.ok().flatten()
}

async fn find(pool: &Pool) -> Outcome<Option<Holder>> {
    let (class, object) = (WRITING >> 32, WRITING & 0xffff_ffff);
    // Who holds a row holds a lock on its table as well.
    let sql = format!(
        "SELECT a.pid, a.application_name FROM pg_catalog.pg_stat_activity a
         WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND EXISTS (
            SELECT 1 FROM pg_catalog.pg_locks l WHERE l.pid = a.pid AND l.granted AND (
                (l.locktype = 'advisory' AND l.classid = {class} AND l.objid = {object})
                OR (l.locktype = 'relation' AND l.relation = to_regclass('runs') AND l.mode <> 'AccessShareLock')))
         ORDER BY a.application_name IS NOT DISTINCT FROM $1, a.xact_start NULLS LAST, a.pid LIMIT 1"
    );
    let mut connection = acquire(pool).await?;
    let found: Option<(i32, Option<String>)> =
        sqlx::query_as(AssertSqlSafe(sql)).bind(name()).fetch_optional(&mut *connection).await?;
    Ok(found.map(|(number, program)| of_session(number.unsigned_abs(), program.as_deref())))
}
