//! Whether the process that a run names is still there, and which program this one is.

use std::{fs, fs::File, io::Read, path::Path};

use ranklab_store::{Liveness, RunningProcess, Store};

use crate::{Error, provenance::host};

/// When this process started: the system's boot and its ticks since then. Another process that has its
/// number later, or after a reboot, has another one. `None` where the system does not tell.
pub(crate) fn started() -> Option<String> {
    match started_of(i64::from(std::process::id())) {
        Started::At(moment) => Some(moment),
        Started::Gone | Started::Untold => None,
    }
}

enum Started {
    At(String),
    Gone,
    Untold,
}

/// The same of any process; zombies are gone.
fn started_of(process: i64) -> Started {
    if !Path::new("/proc/self/stat").exists() {
        return Started::Untold;
    }
    let Ok(status) = fs::read_to_string(format!("/proc/{process}/stat")) else { return Started::Gone };
    // The name in parentheses may hold anything; state is the first field after it, the start the 20th
    // (proc_pid_stat(5)).
    let mut fields = status.rsplit(')').next().unwrap_or_default().split_whitespace();
    if matches!(fields.next(), Some("Z" | "X")) {
        return Started::Gone;
    }
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    match fields.nth(18) {
        Some(ticks) => Started::At(format!("{} {ticks}", boot.trim())),
        None => Started::Untold,
    }
}

/// What this host knows of a run's process.
fn liveness(process: &RunningProcess, host: &str) -> Liveness {
    if process.host != host {
        return Liveness::Unknown;
    }
    match (started_of(process.process), &process.process_started) {
        (Started::Untold, _) => Liveness::Unknown,
        (Started::Gone, _) => Liveness::Gone,
        (Started::At(moment), Some(expected)) if moment != *expected => Liveness::Gone,
        (Started::At(_), _) => Liveness::Alive,
    }
}

/// Marks runs whose process is gone as interrupted and returns their ids.
///
/// # Errors
/// When the database cannot be written.
pub async fn mark_interrupted(store: &Store) -> Result<Vec<i64>, Error> {
    let host = host();
    Ok(store.mark_interrupted(&|process| liveness(process, &host)).await?)
}

/// Whether there are such runs.
///
/// # Errors
/// When the database cannot be read.
pub async fn has_abandoned(store: &Store) -> Result<bool, Error> {
    let host = host();
    Ok(!store.abandoned(&|process| liveness(process, &host)).await?.is_empty())
}

/// The version and the checksum of this program's file: equal programs compute equally.
pub(crate) fn program() -> String {
    let version = env!("CARGO_PKG_VERSION");
    // The link leads to the file that runs, even when another one has its name meanwhile.
    let file = File::open("/proc/self/exe").or_else(|_| std::env::current_exe().and_then(File::open));
    match file.and_then(checksum) {
        Ok(checksum) => format!("{version} {checksum:08x}"),
        Err(_) => version.to_owned(),
    }
}

fn checksum(mut file: File) -> std::io::Result<u32> {
    let (mut hasher, mut part) = (crc32fast::Hasher::new(), vec![0; 1 << 20]);
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hasher.finalize()),
            read => hasher.update(&part[..read]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_is_known_by_its_start_and_a_zombie_is_gone() {
        let here = started().unwrap();
        assert_eq!(started().as_ref(), Some(&here));
        // Starts are told in ticks of 10 ms; a child of this very tick would start at the same moment.
        std::thread::sleep(std::time::Duration::from_millis(30));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let id = i64::from(child.id());
        assert!(matches!(started_of(id), Started::At(moment) if moment != here));
        child.kill().unwrap();
        // Not waited for yet: it is a zombie as soon as the signal arrives.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !matches!(started_of(id), Started::Gone) {
            assert!(std::time::Instant::now() < deadline, "the killed process lives on");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.wait().unwrap();
        assert!(matches!(started_of(id), Started::Gone));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_run_is_left_by_a_process_of_its_number_that_started_at_another_time() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("ranklab.db")).await.unwrap();
        let here = started().unwrap();
        let (boot, ticks) = here.split_once(' ').unwrap();
        let later = format!("{boot} {}", ticks.parse::<u64>().unwrap() - 1);
        let rebooted = format!("another-boot {ticks}");
        let mine = i64::from(std::process::id());
        // Host, number and start of the process: whether its run is still taken for running.
        let elsewhere = "a host that is none".to_owned();
        let cases = [
            (host(), mine, Some(here.clone()), true),
            (host(), mine, None, true),
            (host(), mine, Some(later), false),
            (host(), mine, Some(rebooted), false),
            (host(), i64::from(i32::MAX), None, false),
            // Its heartbeat is young.
            (elsewhere, i64::from(i32::MAX), Some(here), true),
        ];
        for (place, (host, process, started, _)) in cases.iter().enumerate() {
            let run = ranklab_store::NewRun {
                config_hash: place.to_string(),
                config: "{}".to_owned(),
                host: host.clone(),
                process: *process,
                ..Default::default()
            };
            store.claim(&run, started.as_deref()).await.unwrap();
        }
        let gone: Vec<i64> =
            (1..).zip(&cases).filter(|(_, (.., alive))| !alive).map(|(run, _)| run).collect();
        assert!(has_abandoned(&store).await.unwrap());
        assert_eq!(mark_interrupted(&store).await.unwrap(), gone);
        assert!(!has_abandoned(&store).await.unwrap());
    }

    #[test]
    fn a_program_has_one_checksum() {
        assert_eq!(program(), program());
        assert!(program().starts_with(env!("CARGO_PKG_VERSION")));
    }
}
