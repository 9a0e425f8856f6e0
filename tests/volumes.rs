//! Sweeps on volumes of their own: one that is full, and one whose power fails. They need the right to mount;
//! without it a test says so and stops.

use std::{
    fs,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output},
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    command::{Ranklab, failed, succeeded},
    disturbance::{Trouble, send, setting},
};

#[test]
fn a_full_disk_is_one_clear_line_and_with_room_the_sweep_goes_on() {
    let sweep: &[&str] = &["rank=1,2", "epochs=6"];
    let unbroken = Ranklab::new();
    succeeded(&unbroken.sweep(sweep));
    let ranklab = Ranklab::new();
    let folder = Memory::new(ranklab.path("runs"));
    let Some(folder) = folder else {
        eprintln!("skipped: a tmpfs cannot be mounted here");
        return;
    };
    let mut lines = Vec::new();
    for kilobytes in [128, 400, 800, 1600, 3200, 6400, 12_800] {
        folder.resize(kilobytes);
        let output = ranklab.sweep(sweep);
        if output.status.success() {
            break;
        }
        let line = failed(&output);
        assert!(
            line.contains("No space left on device") || line.contains("no space left to write"),
            "{kilobytes} KiB: {line}"
        );
        lines.push(line);
    }
    assert!(lines.len() >= 4, "the disk was never full: {lines:?}");
    folder.resize(256_000);
    succeeded(&ranklab.sweep(sweep));
    assert_eq!(ranklab.value("select count(*) from runs"), "2");
    assert!(ranklab.figures() == unbroken.figures(), "{lines:?}");
    eprintln!("{} sweeps ended on the full disk:\n{}", lines.len(), lines.join("\n"));
}

/// A tmpfs of a given size.
struct Memory(PathBuf);

impl Memory {
    fn new(folder: PathBuf) -> Option<Self> {
        fs::create_dir(&folder).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"]).arg(&folder);
        persistently(&mut mount).then_some(Self(folder))
    }

    fn resize(&self, kilobytes: usize) {
        let mut remount = Command::new("mount");
        remount.args(["-o", &format!("remount,size={kilobytes}k")]).arg(&self.0);
        assert!(persistently(&mut remount), "{} cannot be resized", self.0.display());
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        unmount(&self.0);
    }
}

/// `just test-power-cuts 200` is the longer form; RANKLAB_KILL_SEED chooses other moments.
#[test]
fn after_a_power_cut_a_sweep_goes_on_from_what_the_disk_was_given() {
    if Disk::new(&Ranklab::new()).is_none() {
        eprintln!("skipped: a file cannot be mounted as a disk here");
        return;
    }
    let sweep = Ranklab::sweep_arguments(&["model=model_4,model_5", "rank=1,2", "epochs=6", "jobs=2"]);
    let cuts = Trouble {
        sweep: &sweep,
        times: setting("RANKLAB_POWER_CUTS", 2),
        seed: setting("RANKLAB_KILL_SEED", 5),
        prepare: &Disk::new,
        stop: &|child, disk| disk.cut(child),
    };
    eprintln!("power cuts: {}", cuts.make());
}

/// A disk's size: twice what the sweep writes.
const DISK: u64 = 128 << 20;

/// Blocks of zeros take no room in a disk's file.
const BLOCK: usize = 1 << 16;

/// The runs folder as a file system in a file, whose content is what a disk has at a moment: what programs
/// wrote and did not sync is still in memory.
struct Disk {
    folder: PathBuf,
    /// Of the file that is mounted: each cut makes another one.
    number: usize,
}

impl Disk {
    fn new(ranklab: &Ranklab) -> Option<Self> {
        let disk = Self { folder: ranklab.path("runs"), number: 0 };
        fs::create_dir(&disk.folder).unwrap();
        fs::File::create(disk.image()).and_then(|file| file.set_len(DISK)).unwrap();
        // Whole from the start: the kernel writes nothing of its own accord later.
        let whole = ["-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0"];
        let made = Command::new("mkfs.ext4").args(whole).arg(disk.image()).output();
        (made.is_ok_and(|output| output.status.success()) && disk.mount()).then_some(disk)
    }

    fn image(&self) -> PathBuf {
        self.folder.with_extension(format!("{}.disk", self.number))
    }

    /// Without ext4's own care for programs that rename a file before they sync it.
    fn mount(&self) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-o", "loop,noauto_da_alloc"]).arg(self.image()).arg(&self.folder);
        persistently(&mut mount)
    }

    /// What the disk holds at one moment becomes the disk; whatever else the process or the kernel had is lost.
    /// Nothing when the machine does not let it be mounted again.
    fn cut(&mut self, mut child: Child) -> Option<Output> {
        send("-STOP", &child);
        let held = self.at_rest();
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        if !persistently(Command::new("umount").arg(&self.folder)) {
            return None;
        }
        fs::remove_file(self.image()).unwrap();
        self.number += 1;
        let disk = fs::File::create(self.image()).unwrap();
        disk.set_len(held.len() as u64).unwrap();
        for (block, bytes) in
            held.chunks(BLOCK).enumerate().filter(|(_, bytes)| bytes.iter().any(|byte| *byte != 0))
        {
            disk.write_all_at(bytes, (block * BLOCK) as u64).unwrap();
        }
        self.mount().then_some(output)
    }

    /// What the disk holds. The kernel may still be writing: a moment's state is what two readings agree on.
    fn at_rest(&self) -> Vec<u8> {
        let mut held = fs::read(self.image()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(300);
        loop {
            let again = fs::read(self.image()).unwrap();
            if again == held {
                return held;
            }
            assert!(
                Instant::now() < deadline,
                "the disk is still written to, minutes after its program stopped"
            );
            held = again;
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        unmount(&self.folder);
    }
}

/// Whatever is there goes when nobody uses it any more.
fn unmount(folder: &Path) {
    let _ = Command::new("umount").arg("-l").arg(folder).output();
}

/// Whether a command succeeds within some seconds: somebody else may hold the folder, or all loop devices, for a
/// moment.
fn persistently(command: &mut Command) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let Ok(output) = command.output() else { return false };
        if output.status.success() {
            return true;
        }
        let said = String::from_utf8_lossy(&output.stderr);
        if Instant::now() > deadline || ["permission denied", "superuser"].iter().any(|no| said.contains(no))
        {
            return false;
        }
        sleep(Duration::from_millis(200));
    }
}
