//! Checks that trials fit into available memory, before anything is allocated.

use std::{
    fs,
    path::{Path, PathBuf},
};

use ranklab_runs::Sources;
use ranklab_settings::TrialConfig;
use ranklab_trainer::memory_needed;

use crate::{Error, plan::Plan, planned::PlanTrial};

/// Memory that is available to this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AvailableMemory {
    bytes: u64,
    /// Description of the limit.
    limit: &'static str,
}

/// The available memory: the least of the machine's available memory, the rest of the limits of control groups, and the
/// rest of the limit of the address space. `None` if the system does not report any.
pub(crate) fn available() -> Option<AvailableMemory> {
    available_below(Path::new("/"))
}

fn available_below(root: &Path) -> Option<AvailableMemory> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let machine = kilobytes(&read("proc/meminfo"), "MemAvailable:");
    let limit = read("proc/self/limits").lines().find_map(|line| {
        line.strip_prefix("Max address space")?.split_whitespace().next()?.parse::<u64>().ok()
    });
    let used = kilobytes(&read("proc/self/status"), "VmSize:").unwrap_or(0);
    // Allocators reserve addresses in large blocks: about twice the used memory, as measured.
    let usable = |limit: u64| limit.saturating_sub(used) / 2;
    let limits = [
        (machine, "available on this machine"),
        (
            available_in_control_groups(root, &read("proc/self/cgroup")),
            "left in the limit of its control group",
        ),
        (limit.map(usable), "left in the limit of its address space (`ulimit -v`)"),
    ];
    let known =
        limits.into_iter().filter_map(|(bytes, limit)| Some(AvailableMemory { bytes: bytes?, limit }));
    known.min_by_key(|available| available.bytes)
}

/// The value of `name` in a file of `name value kB`, in bytes.
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    value?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The least available memory in the process's control groups and their parents, of versions 2 and 1.
fn available_in_control_groups(root: &Path, groups: &str) -> Option<u64> {
    let mut least: Option<u64> = None;
    for line in groups.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (parts.next(), parts.next()) else { continue };
        let (mount, names) = if controllers.is_empty() {
            ("sys/fs/cgroup", ["memory.max", "memory.current", "inactive_file", "active_file"])
        } else if controllers.split(',').any(|name| name == "memory") {
            let names = [
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                "total_inactive_file",
                "total_active_file",
            ];
            ("sys/fs/cgroup/memory", names)
        } else {
            continue;
        };
        let mount = root.join(mount);
        let mut folder = mount.join(group.trim_start_matches('/'));
        // A container may see its group at the mount point without the path to it.
        while folder.starts_with(&mount) {
            let left = left_in(&folder, names);
            least = match (least, left) {
                (Some(least), Some(left)) => Some(least.min(left)),
                (least, left) => least.or(left),
            };
            folder = folder.parent().map_or_else(PathBuf::new, Path::to_owned);
        }
    }
    least
}

/// The available memory of a control group; cached files count as available.
fn left_in(folder: &Path, [limit, used, inactive, active]: [&str; 4]) -> Option<u64> {
    let read = |name: &str| fs::read_to_string(folder.join(name)).ok();
    let limit: u64 = read(limit)?.trim().parse().ok()?;
    let used: u64 = read(used)?.trim().parse().ok()?;
    let statistics = read("memory.stat").unwrap_or_default();
    let of = |name: &str| -> u64 {
        let line = statistics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
    };
    Some(limit.saturating_sub(used.saturating_sub(of(inactive) + of(active))))
}

/// Estimated memory in bytes of trials that train together on `images` images; `None` for devices with separate
/// memory.
pub(crate) fn needed(trials: &[&TrialConfig], images: usize) -> Result<Option<u64>, Error> {
    let Some(first) = trials.first().filter(|first| first.device == "flex") else { return Ok(None) };
    let networks = trials.iter().map(|trial| trial.network()).collect::<Result<Vec<_>, _>>()?;
    let networks: Vec<_> = networks.iter().collect();
    Ok(Some(memory_needed(&networks, first.data.image_size, first.training.batch_size, images)?))
}

/// Whether trials fit into memory together.
pub(crate) fn fit(
    trials: &[&TrialConfig],
    images: usize,
    available: Option<AvailableMemory>,
) -> Result<bool, Error> {
    let needed = needed(trials, images)?;
    Ok(needed.zip(available).is_none_or(|(needed, available)| needed <= available.bytes))
}

/// Refuses trials that do not fit into memory even alone.
///
/// # Errors
/// When a trial does not fit, in one line with needed and available memory.
pub(crate) fn refuse_too_large<'a>(
    trials: impl Iterator<Item = &'a PlanTrial>,
    sources: &Sources,
    available: Option<AvailableMemory>,
) -> Result<(), Error> {
    let Some(available) = available else { return Ok(()) };
    for trial in trials {
        let (dataset, _) = sources.of(&trial.config)?;
        let needed = needed(&[&trial.config], dataset.images.entries.len())?.unwrap_or(0);
        if needed > available.bytes {
            return Err(Error::TooLarge(too_large(trial, needed, available)));
        }
    }
    Ok(())
}

impl Plan {
    /// A notice, before images are read, about the largest trial that does not fit into memory even alone.
    pub fn memory_notice(&self) -> Option<String> {
        self.memory_notice_in(available()?)
    }

    fn memory_notice_in(&self, available: AvailableMemory) -> Option<String> {
        let known = self.trials.iter().filter_map(|trial| {
            let needed = needed(&[&trial.config], 0).ok().flatten()?;
            Some((needed, trial))
        });
        let (most, trial) = known.max_by_key(|(needed, _)| *needed)?;
        (most > available.bytes).then(|| too_large(trial, most, available))
    }
}

fn too_large(trial: &PlanTrial, needed: u64, available: AvailableMemory) -> String {
    format!(
        "{}: training takes about {} of memory, and {} are {}; give a smaller image_size, batch or rank, or adapt fewer layers",
        if trial.label.is_empty() { "this trial" } else { &trial.label },
        size(needed),
        size(available.bytes),
        available.limit
    )
}

fn size(bytes: u64) -> String {
    const GIBIBYTE: u64 = 1 << 30;
    if bytes < GIBIBYTE {
        return format!("{} MiB", bytes >> 20);
    }
    format!("{:.1} GiB", bytes as f64 / GIBIBYTE as f64)
}

#[cfg(test)]
mod tests {
    use ranklab_settings::Experiment;

    use super::*;

    const GIB: u64 = 1 << 30;

    /// The room of a machine whose system files say this.
    fn room_of(files: &[(&str, String)]) -> Option<AvailableMemory> {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        available_below(root.path())
    }

    #[test]
    fn the_least_of_the_limits_that_hold_is_the_room() {
        assert_eq!(room_of(&[]), None);
        let machine = ("proc/meminfo", "MemTotal: 99 kB\nMemAvailable:  8388608 kB\n".to_owned());
        let bytes = |files: &[(&str, String)]| room_of(files).map(|room| room.bytes);
        assert_eq!(bytes(std::slice::from_ref(&machine)), Some(8 * GIB));
        // Version 2, the limit in the group above; what is cached counts as free.
        let version_2 = [
            machine.clone(),
            ("proc/self/cgroup", "0::/batch/job\n".to_owned()),
            ("sys/fs/cgroup/batch/job/memory.max", "max\n".to_owned()),
            ("sys/fs/cgroup/batch/job/memory.current", "1\n".to_owned()),
            ("sys/fs/cgroup/batch/memory.max", (4 * GIB).to_string()),
            ("sys/fs/cgroup/batch/memory.current", (3 * GIB).to_string()),
            ("sys/fs/cgroup/batch/memory.stat", format!("anon 7\ninactive_file {GIB}\nactive_file 0\n")),
        ];
        assert_eq!(bytes(&version_2), Some(2 * GIB));
        // Version 1 in a container that sees its group at the mount.
        let version_1 = [
            machine.clone(),
            ("proc/self/cgroup", "5:cpu:/x\n4:memory:/not/seen/here\n".to_owned()),
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", (3 * GIB).to_string()),
            ("sys/fs/cgroup/memory/memory.usage_in_bytes", GIB.to_string()),
        ];
        assert_eq!(bytes(&version_1), Some(2 * GIB));
        let limited = [
            machine.clone(),
            (
                "proc/self/limits",
                format!("Max address space         {}            unlimited bytes\n", 2 * GIB),
            ),
            ("proc/self/status", "VmSize:  1048576 kB\n".to_owned()),
        ];
        let room = room_of(&limited).unwrap();
        assert_eq!(room.bytes, GIB / 2);
        assert!(room.limit.contains("address space"));
        // No limits, and what is no number.
        let unlimited = [
            machine,
            ("proc/self/limits", "Max address space unlimited unlimited bytes\n".to_owned()),
            ("proc/self/cgroup", "0::/\nrubbish\n".to_owned()),
        ];
        assert_eq!(bytes(&unlimited), Some(8 * GIB));
    }

    #[test]
    fn trials_that_fit_alone_and_not_together_are_distinguished() {
        let settings = ["rank=5", "image_size=192", "weights=random"];
        let plan = Plan::new(&Experiment::default().with_overrides(settings).unwrap()).unwrap();
        let trial = &plan.trials[0].config;
        let one = needed(&[trial], 100).unwrap().unwrap();
        let available = |bytes| Some(AvailableMemory { bytes, limit: "left" });
        assert!(
            fit(&[trial], 100, available(one)).unwrap() && !fit(&[trial], 100, available(one - 1)).unwrap()
        );
        assert!(
            !fit(&[trial, trial], 100, available(one)).unwrap() && fit(&[trial, trial], 100, None).unwrap()
        );
        let notice = |bytes| plan.memory_notice_in(AvailableMemory { bytes, limit: "left" });
        assert!(notice(one / 2).unwrap().contains("training takes about ") && notice(one).is_none());
        // Devices with separate memory are not checked.
        let elsewhere = TrialConfig { device: "cuda".to_owned(), ..trial.clone() };
        assert!(fit(&[&elsewhere], 100, available(1)).unwrap());
    }
}
