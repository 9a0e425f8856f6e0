//! Whether the process that a run names is still there, and which program this one is.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::Path,
};

use ranklab_store::{Liveness, RunningProcess, Store};

use crate::{Error, host::host};

/// When this process started: the system's boot, its ticks since then, and the process namespace that its number
/// is of. Another process that has its number later, after a reboot or in another container, has another one.
/// `None` where the system does not tell.
pub fn started() -> Option<String> {
    match (moment_of(i64::from(std::process::id())), namespace()) {
        (Moment::At(moment), Some(namespace)) => Some(format!("{moment} {namespace}")),
        (Moment::At(moment), None) => Some(moment),
        (Moment::Gone | Moment::Untold, _) => None,
    }
}

/// When a process started: the boot and the ticks.
enum Moment {
    At(String),
    Gone,
    Untold,
}

/// The same of any process of this namespace; zombies are gone.
fn moment_of(process: i64) -> Moment {
    let status = match fs::read_to_string(format!("/proc/{process}/stat")) {
        Ok(status) => status,
        // Where other users' processes are hidden, the first one is so as well (proc_pid(5), hidepid).
        Err(problem) if problem.kind() == io::ErrorKind::NotFound && Path::new("/proc/1").exists() => {
            return Moment::Gone;
        }
        Err(_) => return Moment::Untold,
    };
    // The name in parentheses may hold anything; state is the first field after it, the start the 20th
    // (proc_pid_stat(5)).
    let mut fields = status.rsplit(')').next().unwrap_or_default().split_whitespace();
    if matches!(fields.next(), Some("Z" | "X")) {
        return Moment::Gone;
    }
    match (boot(), fields.nth(18)) {
        (Some(boot), Some(ticks)) => Moment::At(format!("{boot} {ticks}")),
        _ => Moment::Untold,
    }
}

fn boot() -> Option<String> {
    Some(fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?.trim().to_owned())
}

/// The namespace of this process's number (pid_namespaces(7)), where /proc shows it and no other one.
fn namespace() -> Option<String> {
    let shown = fs::read_link("/proc/self").ok()?;
    if shown.to_str() != Some(std::process::id().to_string().as_str()) {
        return None;
    }
    Some(fs::read_link("/proc/self/ns/pid").ok()?.to_string_lossy().into_owned())
}

/// What this host knows of a run's process. Host names do not tell containers apart, and a process of another
/// namespace cannot be looked for by its number: its heartbeat decides, as with runs of versions that did not
/// note the namespace.
fn liveness(process: &RunningProcess, host: &str) -> Liveness {
    let noted = process.process_started.as_deref().and_then(|started| started.rsplit_once(' '));
    let Some((moment, of)) = noted.filter(|_| process.host == host) else { return Liveness::Unknown };
    if namespace().as_deref() != Some(of) {
        return Liveness::Unknown;
    }
    match moment_of(process.process) {
        Moment::Untold => Liveness::Unknown,
        Moment::Gone => Liveness::Gone,
        Moment::At(now) if now != moment => Liveness::Gone,
        Moment::At(_) => Liveness::Alive,
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

/// The runs that [`mark_interrupted`] would mark.
///
/// # Errors
/// When the database cannot be read.
pub async fn abandoned(store: &Store) -> Result<Vec<i64>, Error> {
    let host = host();
    let gone = store.abandoned(&|process| liveness(process, &host)).await?;
    Ok(gone.into_iter().map(|process| process.run).collect())
}

/// The version and the checksum of this program's file: equal programs compute equally.
pub fn program() -> String {
    let version = env!("CARGO_PKG_VERSION");
    // The link leads to the file that runs, even when another one has its name meanwhile.
    let file = File::open("/proc/self/exe").or_else(|_| std::env::current_exe().and_then(File::open));
    match file.and_then(checksum) {
        Ok(checksum) => format!("{version} {checksum:08x}"),
        Err(_) => version.to_owned(),
    }
}

fn checksum(mut file: File) -> io::Result<u32> {
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
        assert!(matches!(moment_of(id), Moment::At(moment) if !here.starts_with(&format!("{moment} "))));
        child.kill().unwrap();
        // Not waited for yet: it is a zombie as soon as the signal arrives.
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while !matches!(moment_of(id), Moment::Gone) {
            assert!(std::time::Instant::now() < deadline, "the killed process lives on");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.wait().unwrap();
        assert!(matches!(moment_of(id), Moment::Gone));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_run_is_left_by_a_process_of_its_number_that_started_at_another_time() {
        let here = started().unwrap();
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
        let here = started().unwrap();
        let [boot, ticks, _] = parts(&here);
        let (mine, absent) = (i64::from(std::process::id()), i64::from(i32::MAX));
        let contained = format!("{boot} {ticks} pid:[1]");
        // An earlier version noted no namespace, or nothing.
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
        for (place, (host, process, started, _)) in cases.iter().enumerate() {
            let run = ranklab_store::NewRun {
                config_hash: place.to_string(),
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

    #[test]
    fn a_program_has_one_checksum() {
        assert_eq!(program(), program());
        assert!(program().starts_with(env!("CARGO_PKG_VERSION")));
    }
}
