//! Whether a folder lies on a network file system, where SQLite's write-ahead log does not work: its
//! index is memory that all processes share, and two machines share none
//! (<https://www.sqlite.org/wal.html>).

use std::path::Path;

/// Magic numbers of `statfs` (linux/magic.h and the file systems' own sources) and names for people.
#[cfg(target_os = "linux")]
const NETWORK: [(u32, &str); 18] = [
    (0x6969, "NFS"),
    (0xFF53_4D42, "CIFS (SMB)"),
    (0xFE53_4D42, "SMB"),
    (0x517B, "SMB"),
    (0x6573_5546, "FUSE (sshfs and the like)"),
    (0x0102_1997, "9p"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
    (0x5346_414F, "AFS"),
    (0x7375_7245, "Coda"),
    (0x7461_636F, "OCFS2"),
    (0x0116_1970, "GFS2"),
    (0x1983_0326, "BeeGFS"),
    (0x786F_4256, "a shared folder of VirtualBox"),
    (0xBACB_ACBC, "a shared folder of VMware"),
    (0x4750_4653, "GPFS"),
    (0x6B41_4653, "AFS"),
    (0x2003_0528, "OrangeFS"),
];

/// The network file system that the file at `path` lies on, or would.
#[cfg(target_os = "linux")]
pub(super) fn network(path: &Path) -> Option<&'static str> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Where the system does not say, SQLite will.
    let kind = rustix::fs::statfs(folder).ok()?.f_type;
    name(kind as u32)
}

/// Elsewhere the system does not say.
#[cfg(not(target_os = "linux"))]
pub(super) fn network(_path: &Path) -> Option<&'static str> {
    None
}

#[cfg(target_os = "linux")]
fn name(kind: u32) -> Option<&'static str> {
    NETWORK.iter().find(|(magic, _)| *magic == kind).map(|(_, name)| *name)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn network_file_systems_are_recognised_and_local_ones_are_not() {
        for (magic, expected) in [
            (0x6969, "NFS"),
            (0xFF53_4D42, "CIFS (SMB)"),
            (0x6573_5546, "FUSE (sshfs and the like)"),
            (u32::from_be_bytes(*b"GPFS"), "GPFS"),
            (u32::from_be_bytes(*b"kAFS"), "AFS"),
        ] {
            assert_eq!(name(magic), Some(expected));
        }
        // ext4, tmpfs, btrfs, xfs, overlayfs, zfs.
        for magic in [0xEF53, 0x0102_1994, 0x9123_683E, 0x5846_5342, 0x794C_7630, 0x2FC1_2FC1] {
            assert_eq!(name(magic), None);
        }
    }

    #[test]
    fn the_folder_of_a_file_that_is_not_there_yet_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(network(&folder.path().join("ranklab.db")), None);
        // A file system that this one is not.
        assert_eq!(rustix::fs::statfs("/proc").unwrap().f_type as u32, 0x9fa0);
    }
}
