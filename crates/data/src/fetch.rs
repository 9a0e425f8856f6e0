//! Getting a dataset: over HTTP with resumption, from a `file://` address or from a path.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{Error, manifest::hexadecimal, part::sync_folder_of};

/// The official address of the NIH/NLM cell images.
pub const OFFICIAL_URL: &str = "https://data.lhncbc.nlm.nih.gov/public/Malaria/cell_images.zip";
/// SHA-256 of the official zip (353,452,851 bytes), as other public projects pin it.
pub const OFFICIAL_SHA256: &str = "0a949556b2414159b5100192609805376654c4266d8d187be9b1922fad43c668";

/// What to get and where to put it.
#[derive(Clone, Debug)]
pub struct FetchRequest {
    /// `http(s)://` and `file://` addresses or paths, tried in turn.
    pub sources: Vec<String>,
    /// Where the file goes.
    pub destination: PathBuf,
    /// What its SHA-256 must be, hexadecimal.
    pub sha256: Option<String>,
}

/// Gets the file from the first source that has it and returns its SHA-256.
///
/// Bytes go to `DESTINATION.part`; an interrupted download goes on from there if a hash is asked for: without
/// one, nothing would tell a file put together from two mirrors. Only a whole file with
/// the right hash is renamed to the destination. `progress` hears bytes done and, where known, in all.
///
/// # Errors
/// One line with the reason of every source.
pub fn fetch(request: &FetchRequest, progress: &dyn Fn(u64, Option<u64>)) -> Result<String, Error> {
    let folder = request.destination.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(Error::io("creating", folder))?;
    let mut part = request.destination.clone().into_os_string();
    part.push(".part");
    let part = PathBuf::from(part);
    let mut problems = Vec::new();
    for source in &request.sources {
        match fetch_from(source, &part, request.sha256.as_deref(), progress) {
            Ok(hash) => {
                fs::rename(&part, &request.destination).map_err(Error::io("naming", &request.destination))?;
                sync_folder_of(&request.destination);
                return Ok(hash);
            }
            Err(problem) => problems.push(format!("{source}: {problem}")),
        }
    }
    Err(Error::Fetch { destination: request.destination.clone(), problems: problems.join("; ") })
}

fn fetch_from(
    source: &str,
    part: &Path,
    sha256: Option<&str>,
    progress: &dyn Fn(u64, Option<u64>),
) -> Result<String, String> {
    if sha256.is_none() && part.exists() {
        fs::remove_file(part).map_err(|problem| problem.to_string())?;
    }
    if source.starts_with("http://") || source.starts_with("https://") {
        download(source, part, progress)?;
    } else {
        let path = Path::new(source.strip_prefix("file://").unwrap_or(source));
        let mut from = File::open(path).map_err(|problem| problem.to_string())?;
        let total = from.metadata().map_err(|problem| problem.to_string())?.len();
        let mut to = File::create(part).map_err(|problem| problem.to_string())?;
        copy(&mut from, &mut to, 0, Some(total), progress)?;
    }
    let mut file =
        OpenOptions::new().read(true).write(true).open(part).map_err(|problem| problem.to_string())?;
    let hash = hash(&mut file).map_err(|problem| problem.to_string())?;
    if let Some(wanted) = sha256
        && !wanted.eq_ignore_ascii_case(&hash)
    {
        // A wrong file is of no use, and resuming it would never make it right.
        let _ = fs::remove_file(part);
        return Err(format!(
            "its SHA-256 is {hash} instead of {wanted}: it was damaged on the way or is another file"
        ));
    }
    file.sync_all().map_err(|problem| problem.to_string())?;
    Ok(hash)
}

/// Downloads to `part`, going on from what is there if the server can.
fn download(url: &str, part: &Path, progress: &dyn Fn(u64, Option<u64>)) -> Result<(), String> {
    let have = fs::metadata(part).map_or(0, |metadata| metadata.len());
    let mut request = ureq::get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let response = match request.call() {
        // Nothing is left to get: the part is whole or longer than the file. The hash decides.
        Err(ureq::Error::StatusCode(416)) => return Ok(()),
        Err(problem) => return Err(problem.to_string()),
        Ok(response) => response,
    };
    let resumed = response.status().as_u16() == 206;
    let start = if resumed { have } else { 0 };
    let total = response
        .headers()
        .get("content-length")
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok())
        .map(|length| start + length);
    let mut file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(!resumed)
        .open(part)
        .map_err(|problem| problem.to_string())?;
    file.seek(SeekFrom::Start(start)).map_err(|problem| problem.to_string())?;
    copy(&mut response.into_body().into_reader(), &mut file, start, total, progress)
}

fn copy(
    from: &mut impl Read,
    to: &mut File,
    start: u64,
    total: Option<u64>,
    progress: &dyn Fn(u64, Option<u64>),
) -> Result<(), String> {
    let mut buffer = vec![0; 1 << 16];
    let mut done = start;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(problem) if problem.kind() == io::ErrorKind::Interrupted => continue,
            Err(problem) => {
                return Err(format!(
                    "cut off after {done} bytes ({problem}); run it again to go on from there"
                ));
            }
        };
        to.write_all(&buffer[..count]).map_err(|problem| problem.to_string())?;
        done += count as u64;
        progress(done, total);
    }
    match total {
        Some(total) if done < total => {
            Err(format!("cut off after {done} of {total} bytes; run it again to go on from there"))
        }
        _ => Ok(()),
    }
}

fn hash(file: &mut File) -> io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hexadecimal(&hasher.finalize())),
            count => hasher.update(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader},
        net::TcpListener,
        thread,
    };

    use super::*;

    /// How the test server answers one request.
    #[derive(Clone, Copy)]
    enum Answer {
        /// With everything, or with what the Range asks for.
        Whole,
        /// With half of what was asked for, then it hangs up.
        Half,
        /// With everything, whatever the Range says.
        IgnoringRange,
        Missing,
    }

    fn body() -> Vec<u8> {
        (0..200_000u32).map(|place| (place * 31 % 251) as u8).collect()
    }

    /// Serves [`body`] once per answer and returns the address.
    fn serve(answers: &'static [Answer]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut start = 0;
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while let Some(Ok(line)) = lines.next() {
                    if line.is_empty() {
                        break;
                    }
                    let line = line.to_lowercase();
                    if let Some(range) = line.strip_prefix("range: bytes=") {
                        start = range.trim_end_matches('-').parse().unwrap();
                    }
                }
                let body = body();
                let (status, content) = match answer {
                    Answer::Missing => ("404 Not Found", &[][..]),
                    Answer::IgnoringRange => ("200 OK", &body[..]),
                    _ if start > 0 => ("206 Partial Content", &body[start..]),
                    _ => ("200 OK", &body[..]),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    content.len()
                );
                stream.write_all(head.as_bytes()).unwrap();
                let sent =
                    if matches!(answer, Answer::Half) { &content[..content.len() / 2] } else { content };
                stream.write_all(sent).unwrap();
            }
        });
        format!("http://{address}/cells.zip")
    }

    fn request(sources: &[String], folder: &Path) -> FetchRequest {
        FetchRequest {
            sources: sources.to_vec(),
            destination: folder.join("deep/cells.zip"),
            sha256: Some(hexadecimal(&Sha256::digest(body()))),
        }
    }

    #[test]
    fn a_download_that_was_cut_off_goes_on_where_it_stopped() {
        let folder = tempfile::tempdir().unwrap();
        let request = request(&[serve(&[Answer::Half, Answer::Whole])], folder.path());
        let error = fetch(&request, &|_, _| {}).unwrap_err().to_string();
        assert!(error.contains("cut off after"), "{error}");
        assert!(!request.destination.exists());
        let first = std::sync::Mutex::new(None);
        fetch(&request, &|done, _| {
            first.lock().unwrap().get_or_insert(done);
        })
        .unwrap();
        assert!(first.into_inner().unwrap().unwrap() > 100_000, "it started from the beginning");
        assert_eq!(fs::read(&request.destination).unwrap(), body());
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1);
    }

    #[test]
    fn without_a_hash_to_check_a_part_is_not_continued() {
        let folder = tempfile::tempdir().unwrap();
        let source = serve(&[Answer::Half, Answer::Whole]);
        let request = FetchRequest { sha256: None, ..request(&[source], folder.path()) };
        fetch(&request, &|_, _| {}).unwrap_err();
        let first = std::sync::Mutex::new(None);
        fetch(&request, &|done, _| {
            first.lock().unwrap().get_or_insert(done);
        })
        .unwrap();
        assert!(first.into_inner().unwrap().unwrap() <= 100_000, "it went on from an unchecked part");
        assert_eq!(fs::read(&request.destination).unwrap(), body());
    }

    #[test]
    fn a_server_that_cannot_resume_starts_over() {
        let folder = tempfile::tempdir().unwrap();
        let request = request(&[serve(&[Answer::Half, Answer::IgnoringRange])], folder.path());
        fetch(&request, &|_, _| {}).unwrap_err();
        fetch(&request, &|_, _| {}).unwrap();
        assert_eq!(fs::read(&request.destination).unwrap(), body());
    }

    #[test]
    fn the_next_mirror_is_tried_and_a_path_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let local = folder.path().join("local.zip");
        fs::write(&local, body()).unwrap();
        let sources = [serve(&[Answer::Missing]), format!("file://{}", local.display())];
        let request = request(&sources, folder.path());
        fetch(&request, &|_, _| {}).unwrap();
        assert_eq!(fs::read(&request.destination).unwrap(), body());
    }

    #[test]
    fn a_wrong_hash_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let mut request = request(&[serve(&[Answer::Whole])], folder.path());
        request.sha256 = Some("00".repeat(32));
        let error = fetch(&request, &|_, _| {}).unwrap_err().to_string();
        assert!(error.contains("SHA-256") && !error.contains('\n'), "{error}");
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 0);
    }
}
