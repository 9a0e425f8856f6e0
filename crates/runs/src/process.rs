//! Finds out whether the process that trains a run still exists.

use std::{fs, io, path::Path};

use ranklab_store::{Liveness, RunningProcess, Store};

use crate::{Error, host::host};

/// Start of this process: the boot id, the ticks from boot to start, and the process namespace. It distinguishes this
/// process from later ones with its number, after a reboot or in another container. `None` if it is unknown.
pub fn process_start() -> Option<String> {
    match (start_of(i64::from(std::process::id())), namespace()) {
        (ProcessStart::At(moment), Some(namespace)) => Some(format!("{moment} {namespace}")),
        (ProcessStart::At(moment), None) => Some(moment),
        (ProcessStart::Gone | ProcessStart::Unknown, _) => None,
    }
}

/// Start of a process: the boot id and the ticks from boot to start.
enum ProcessStart {
    At(String),
    Gone,
    Unknown,
}

/// Start of a process in this namespace; a zombie counts as gone.
fn start_of(process: i64) -> ProcessStart {
    let status = match fs::read_to_string(format!("/proc/{process}/stat")) {
        Ok(status) => status,
        // If processes of other users are hidden, process 1 is hidden as well (proc_pid(5), hidepid).
        Err(problem) if problem.kind() == io::ErrorKind::NotFound && Path::new("/proc/1").exists() => {
            return ProcessStart::Gone;
        }
        Err(_) => return ProcessStart::Unknown,
    };
    // The name in parentheses may hold anything; state is the first field after it, the start the 20th
    // (proc_pid_stat(5)).
    let mut fields = status.rsplit(')').next().unwrap_or_default().split_whitespace();
    if matches!(fields.next(), Some("Z" | "X")) {
        return ProcessStart::Gone;
    }
    match (boot(), fields.nth(18)) {
        (Some(boot), Some(ticks)) => ProcessStart::At(format!("{boot} {ticks}")),
        _ => ProcessStart::Unknown,
    }
}

fn boot() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

/// The process namespace of this process (pid_namespaces(7)); `None` if /proc belongs to another one.
fn namespace() -> Option<String> {
    let link = fs::read_link("/proc/self").ok()?;
    if link.to_str() != Some(std::process::id().to_string().as_str()) {
        return None;
    }
    Some(fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
}

/// Whether a run's process is alive, as far as this host knows. Containers may share a host name, so a process of
/// another namespace is unknown. So is one without a recorded namespace. The heartbeat decides for these.
fn liveness(process: &RunningProcess, host: &str) -> Liveness {
    let recorded = process.process_started.as_deref().and_then(|started| started.rsplit_once(' '));
    let Some((start, recorded_namespace)) = recorded.filter(|_| process.host == host) else {
        return Liveness::Unknown;
    };
    if namespace().as_deref() != Some(recorded_namespace) {
        return Liveness::Unknown;
    }
    match start_of(process.process) {
        ProcessStart::Unknown => Liveness::Unknown,
        ProcessStart::Gone => Liveness::Gone,
        ProcessStart::At(now) if now != start => Liveness::Gone,
        ProcessStart::At(_) => Liveness::Alive,
    }
}

/// Marks runs whose process is gone as interrupted, and returns their numbers.
///
/// # Errors
/// When the database cannot be written.
pub async fn mark_interrupted(store: &Store) -> Result<Vec<i64>, Error> {
    let host = host();
    Ok(store.mark_interrupted(&|process| liveness(process, &host)).await?)
}

/// Finds the runs whose process is gone, without marking them.
///
/// # Errors
/// When the database cannot be read.
pub async fn abandoned(store: &Store) -> Result<Vec<i64>, Error> {
    let host = host();
    let gone = store.abandoned(&|process| liveness(process, &host)).await?;
    Ok(gone.into_iter().map(|process| process.run).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_is_known_by_its_start_and_a_zombie_is_gone() {
        let here = process_start().unwrap();
        assert_eq!(process_start().as_ref(), Some(&here));
        // Starts have a resolution of 10 ms; a child of this tick would have an equal start.
        std::thread::sleep(std::time::Duration::from_millis(30));
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let id = i64::from(child.id());
        assert!(matches!(start_of(id), ProcessStart::At(moment) if !here.starts_with(&format!("{moment} "))));
        child.kill().unwrap();
        // Not waited for yet: it is a zombie as soon as the signal arrives.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !matches!(start_of(id), ProcessStart::Gone) {
            assert!(std::time::Instant::now() < deadline, "the killed process lives on");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.wait().unwrap();
        assert!(matches!(start_of(id), ProcessStart::Gone));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_run_is_left_by_a_process_of_its_number_that_started_at_another_time() {
        let here = process_start().unwrap();
        let [boot, ticks, namespace] = parts(&here);
        let earlier = ticks.parse::<u64>().unwrap() - 1;
        let mine = i64::from(std::process::id());
        check(&[
            (&host(), mine, Some(&here), true),
            (&host(), mine, Some(&format!("{boot} {earlier} {namespace}")), false),
            (&host(), mine, Some(&format!("another-boot {ticks} {namespace}")), false),
            (&host(), i64::from(i32::MAX), Some(&here), false),
        ])
        .await;
    }

    /// Containers with a host name in common, and a file that machines share: the heartbeats are young.
    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_process_that_cannot_be_looked_for_here_keeps_its_run_while_its_heartbeat_is_young() {
        let here = process_start().unwrap();
        let [boot, ticks, _] = parts(&here);
        let (mine, absent) = (i64::from(std::process::id()), i64::from(i32::MAX));
        let contained = format!("{boot} {ticks} pid:[1]");
        // Earlier versions recorded no namespace, or no start.
        let old = format!("{boot} {ticks}");
        check(&[
            (&host(), absent, Some(&contained), true),
            (&host(), mine, Some(&format!("{boot} 1 pid:[1]")), true),
            (&host(), absent, Some(&old), true),
            (&host(), absent, None, true),
            (&host(), mine, None, true),
            ("a host that is none", absent, Some(&here), true),
        ])
        .await;
    }

    #[cfg(target_os = "linux")]
    fn parts(started: &str) -> [&str; 3] {
        started.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap()
    }

    /// Host, number and start of processes that claimed a run each: whether it is still taken for running.
    #[cfg(target_os = "linux")]
    async fn check(cases: &[(&str, i64, Option<&str>, bool)]) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("ranklab.db")).await.unwrap();
        for (index, (host, process, started, _)) in cases.iter().enumerate() {
            let run = ranklab_store::NewRun {
                config_hash: index.to_string(),
                config: "{}".to_owned(),
                host: (*host).to_owned(),
                process: *process,
                ..Default::default()
            };
            store.claim(&run, *started).await.unwrap();
        }
        let gone: Vec<i64> = (1..).zip(cases).filter(|(_, (.., alive))| !alive).map(|(run, _)| run).collect();
        assert_eq!(abandoned(&store).await.unwrap(), gone);
        assert_eq!(mark_interrupted(&store).await.unwrap(), gone);
        assert_eq!(abandoned(&store).await.unwrap(), [] as [i64; 0]);
    }
}
