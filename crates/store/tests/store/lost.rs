//! A database whose file is removed, moved, replaced or overwritten while it is open.

use std::fs;
use std::path::{Path, PathBuf};

use ranklab_store::{Error, NewRun, Store, restore};

use crate::fixture::{epochs, file_place as place, new_run, predictions, result, steps};

fn beside(path: &Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

/// A database in which run 1 trains, with a backup from before it began, made with none.
async fn training() -> (tempfile::TempDir, PathBuf, PathBuf, Store) {
    let (folder, path) = place();
    let backup = folder.path().join("backup.db");
    Store::open(&path).await.unwrap().backup(&backup).await.unwrap();
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.start_run(&new_run(None, None, 0)).await.unwrap(), 1);
    store.record_steps(1, &steps(3)).await.unwrap();
    (folder, path, backup, store)
}

/// Every way of writing is refused in one line that holds these words.
async fn refuses(store: &Store, words: &[&str]) {
    for refused in [
        store.heartbeat(1).await,
        store.record_epoch(1, &epochs()).await,
        store.record_steps(1, &steps(1)).await,
        store.finish_run(1, &result(0.5), &predictions(), &[]).await,
        store.claim(&new_run(None, None, 3), None).await.map(|_| ()),
        store.interrupt_run(1).await,
    ] {
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::Lost { .. }), "{error}");
        let line = error.to_string();
        assert!(!line.contains('\n') && words.iter().all(|word| line.contains(word)), "{line}");
    }
}

async fn runs(path: &Path) -> usize {
    Store::open_read_only(path).await.unwrap().all_runs().await.unwrap().len()
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_database_that_is_removed_while_it_is_written_is_saved_and_can_be_restored() {
    for with_log in [false, true] {
        let (_folder, path, _, store) = training().await;
        fs::remove_file(&path).unwrap();
        if with_log {
            fs::remove_file(beside(&path, "-wal")).unwrap();
            fs::remove_file(beside(&path, "-shm")).unwrap();
        }
        let saved = beside(&path, &format!(".saved-{}", std::process::id()));
        refuses(&store, &["was removed", saved.to_str().unwrap(), "ranklab runs restore"]).await;
        assert!(!path.exists(), "a removed database was made again");
        store.close().await;
        restore(&saved, &path).await.unwrap();
        let found = Store::open_read_only(&path).await.unwrap();
        assert_eq!(found.step_metrics(1).await.unwrap(), steps(3));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_whole_runs_folder_can_go() {
    let (_folder, path, _, store) = training().await;
    fs::remove_dir_all(path.parent().unwrap()).unwrap();
    refuses(&store, &["was removed", "is saved"]).await;
    assert_eq!(runs(&beside(&path, &format!(".saved-{}", std::process::id()))).await, 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_database_that_is_moved_while_it_is_written_takes_everything_along() {
    // Alone, without its log, and with its folder.
    for alone in [true, false] {
        let (folder, path, _, store) = training().await;
        let moved = if alone {
            let moved = folder.path().join("elsewhere.db");
            fs::rename(&path, &moved).unwrap();
            moved
        } else {
            fs::rename(path.parent().unwrap(), folder.path().join("other")).unwrap();
            folder.path().join("other/ranklab.db")
        };
        refuses(&store, &["was removed or moved", moved.to_str().unwrap(), "move it back"]).await;
        store.close().await;
        let found = Store::open_read_only(&moved).await.unwrap();
        assert_eq!(found.step_metrics(1).await.unwrap(), steps(3), "alone: {alone}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_database_that_another_file_replaces_is_saved_and_that_file_is_left_as_it_is() {
    let (_folder, path, backup, store) = training().await;
    let before = fs::read(&backup).unwrap();
    fs::rename(&backup, &path).unwrap();
    let saved = beside(&path, &format!(".saved-{}", std::process::id()));
    refuses(&store, &["was replaced by another file", saved.to_str().unwrap()]).await;
    store.close().await;
    assert!(fs::read(&path).unwrap() == before, "something was written into the other file");
    assert_eq!((runs(&saved).await, runs(&path).await), (1, 0));
    // The log that stayed is not written into it.
    let store = Store::open(&path).await.unwrap();
    assert_eq!(store.query("PRAGMA integrity_check").await.unwrap().rows.len(), 1);
    assert_eq!(
        store.start_run(&NewRun { config_hash: "x".into(), ..new_run(None, None, 1) }).await.unwrap(),
        1
    );
}

#[tokio::test]
async fn a_backup_that_is_copied_over_a_database_in_use_is_noticed_and_stays_whole() {
    let (folder, path, before, store) = training().await;
    // Also one made while the run trained, by ranklab and by SQLite itself.
    let during = folder.path().join("during.db");
    store.backup(&during).await.unwrap();
    for backup in [before, during] {
        let (_folder, path, _, store) = training().await;
        fs::copy(&backup, &path).unwrap();
        refuses(&store, &["was overwritten by a copy", "ranklab runs restore FILE"]).await;
        store.close().await;
        let again = Store::open(&path).await.unwrap();
        let sound = again.query("PRAGMA integrity_check").await.unwrap();
        assert_eq!(sound.rows, [[ranklab_store::Value::Text("ok".into())]]);
        assert_eq!(again.all_runs().await.unwrap().len(), usize::from(backup.ends_with("during.db")));
    }
    // Nothing happened to this one.
    store.heartbeat(1).await.unwrap();
    assert_eq!(runs(&path).await, 1);
}

#[tokio::test]
async fn an_emptied_database_is_noticed() {
    let (_folder, path, _, store) = training().await;
    fs::File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
    refuses(&store, &["was overwritten"]).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_log_that_is_removed_takes_no_record_along() {
    let (_folder, path, _, store) = training().await;
    fs::remove_file(beside(&path, "-wal")).unwrap();
    refuses(&store, &["lost its log", "repeat the command"]).await;
    store.close().await;
    assert_eq!(Store::open_read_only(&path).await.unwrap().step_metrics(1).await.unwrap(), steps(3));
}

#[tokio::test]
async fn what_others_do_to_a_database_by_right_is_no_loss() {
    use sqlx::{Connection as _, Executor as _, SqliteConnection};

    let (_folder, path, _, store) = training().await;
    let mut other = SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    for statement in
        ["PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM", "CREATE INDEX theirs ON runs (label)", "VACUUM"]
    {
        other.execute(statement).await.unwrap();
        store.heartbeat(1).await.unwrap();
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
        store.record_steps(1, &steps(2)).await.unwrap();
        Store::open(&path).await.unwrap().close().await;
        store.heartbeat(1).await.unwrap();
    }
}

#[tokio::test]
async fn a_copy_is_restored_after_checks_and_the_replaced_database_is_kept() {
    let (folder, path, backup, store) = training().await;
    let in_use = restore(&backup, &path).await.unwrap_err();
    assert!(matches!(in_use, Error::InUse { .. }), "{in_use}");
    store.close().await;
    let damaged = folder.path().join("damaged.db");
    let mut bytes = fs::read(&backup).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0xA5);
    fs::write(&damaged, bytes).unwrap();
    let noise = folder.path().join("noise.db");
    fs::write(&noise, "no database at all, but text of some length").unwrap();
    let before = fs::read(&path).unwrap();
    for wrong in [&damaged, &noise, &folder.path().join("none.db"), &folder.path().to_owned(), &path] {
        let error = restore(wrong, &path).await.unwrap_err();
        assert!(error.to_string().contains(wrong.to_str().unwrap()), "{error}");
        assert!(fs::read(&path).unwrap() == before);
    }
    let left = |folder: &Path| fs::read_dir(folder).unwrap().count();
    assert_eq!(left(path.parent().unwrap()), 1, "something half-written is left");

    let unchanged = fs::read(&backup).unwrap();
    let restored = restore(&backup, &path).await.unwrap();
    assert!(fs::read(&backup).unwrap() == unchanged);
    let replaced = beside(&path, ".replaced-1");
    assert_eq!((restored.runs, restored.replaced.as_deref()), (0, Some(replaced.as_path())));
    assert_eq!((runs(&path).await, runs(&replaced).await), (0, 1));
    // And back, once more with the same id.
    assert_eq!(restore(&replaced, &path).await.unwrap().replaced, Some(beside(&path, ".replaced-2")));
    assert_eq!(runs(&path).await, 1);
}

#[tokio::test]
async fn a_damaged_database_and_one_that_is_gone_but_for_its_log_can_be_replaced() {
    for gone in [true, false] {
        let (_folder, path, backup, store) = training().await;
        let log = fs::read(beside(&path, "-wal")).unwrap();
        assert!(!log.is_empty());
        store.close().await;
        fs::write(beside(&path, "-wal"), &log).unwrap();
        if gone {
            fs::remove_file(&path).unwrap()
        } else {
            fs::write(&path, "noise, and no database").unwrap()
        }
        let restored = restore(&backup, &path).await.unwrap();
        assert_eq!(restored.replaced, (!gone).then(|| beside(&path, ".replaced-1")));
        assert_eq!(fs::read(beside(&path, ".replaced-1-wal")).unwrap(), log);
        assert_eq!(runs(&path).await, 0);
    }
}

#[tokio::test]
async fn a_backup_put_beside_another_databases_log_is_refused_and_stays_whole() {
    let (_folder, path, backup, store) = training().await;
    let log = fs::read(beside(&path, "-wal")).unwrap();
    store.close().await;
    // As after a kill: the log is left, and somebody copies a backup over the database.
    fs::copy(&backup, &path).unwrap();
    fs::write(beside(&path, "-wal"), &log).unwrap();
    for error in [Store::open(&path).await.unwrap_err(), Store::open_read_only(&path).await.unwrap_err()] {
        assert!(matches!(error, Error::StaleLog { .. }), "{error}");
    }
    assert!(fs::read(&path).unwrap() == fs::read(&backup).unwrap());
    restore(&backup, &path).await.unwrap();
    assert_eq!(runs(&path).await, 0);
}

#[tokio::test]
async fn copies_keep_the_id_and_new_databases_have_another() {
    let (_folder, path, backup, store) = training().await;
    assert_eq!(store.id().len(), 32);
    assert_eq!(Store::open_read_only(&backup).await.unwrap().id(), store.id());
    let (_other, other) = place();
    assert_ne!(Store::open(&other).await.unwrap().id(), store.id());
    assert_eq!(Store::open_read_only(&path).await.unwrap().id(), store.id());
}

#[tokio::test]
async fn runs_start_above_a_number_that_is_taken() {
    let (_folder, path) = place();
    let store = Store::open(&path).await.unwrap();
    store.start_runs_above(41).await.unwrap();
    store.start_runs_above(7).await.unwrap();
    assert_eq!(store.start_run(&new_run(None, None, 0)).await.unwrap(), 42);
}

/// A folder that cannot be looked at is no loss: only whoever runs as root can look all the same.
#[cfg(unix)]
#[tokio::test]
async fn a_database_whose_folder_is_closed_meanwhile_is_not_taken_for_lost() {
    use std::os::unix::fs::PermissionsExt as _;

    let (_folder, path, _, store) = training().await;
    let runs = path.parent().unwrap();
    fs::set_permissions(runs, fs::Permissions::from_mode(0o000)).unwrap();
    let written = store.record_steps(1, &steps(1)).await;
    fs::set_permissions(runs, fs::Permissions::from_mode(0o755)).unwrap();
    written.unwrap();
    store.heartbeat(1).await.unwrap();
}
