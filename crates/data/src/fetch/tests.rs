//! Downloads from a local test server.

use std::{
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    sync::Mutex,
    thread,
    time::Instant,
};

use super::*;

/// Longer than any unintended pause of the test server.
const SHORT: Duration = Duration::from_millis(700);

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
    /// It takes the request and never answers.
    Silent,
    /// With a head and half of the body, then nothing more.
    Stalling,
    /// With a byte every tenth of a second.
    Trickling,
    /// With a body that never ends, of which no length is stated.
    Endless,
    /// With a stated length that is not the file's.
    OfLength(u64),
    /// With another part than the Range asks for.
    WrongRange,
    /// With everything under a status that says something else.
    Status(&'static str),
}

fn body() -> Vec<u8> {
    (0..200_000u32).map(|index| (index * 31 % 251) as u8).collect()
}

/// Serves [`body`] once per answer and returns the address.
fn serve(answers: &'static [Answer]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            // A client that hung up needs no answer.
            let _ = reply(stream, *answer);
        }
    });
    format!("http://{address}/cells.zip")
}

fn reply(mut stream: TcpStream, answer: Answer) -> io::Result<()> {
    let mut start = 0;
    let mut lines = BufReader::new(stream.try_clone()?).lines();
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
        Answer::Status(status) => (status, &body[..]),
        _ if start > 0 => ("206 Partial Content", &body[start..]),
        _ => ("200 OK", &body[..]),
    };
    let half = &content[..content.len() / 2];
    let forever = Duration::from_secs(30);
    let length = match answer {
        Answer::Endless => "Transfer-Encoding: chunked".to_owned(),
        Answer::OfLength(length) => format!("Content-Length: {length}"),
        Answer::WrongRange => format!("Content-Length: {}\r\nContent-Range: bytes 5-9/10", content.len()),
        _ => format!("Content-Length: {}", content.len()),
    };
    if matches!(answer, Answer::Silent) {
        thread::sleep(forever);
        return Ok(());
    }
    stream.write_all(format!("HTTP/1.1 {status}\r\n{length}\r\nConnection: close\r\n\r\n").as_bytes())?;
    match answer {
        Answer::Half => stream.write_all(half),
        Answer::Stalling => {
            stream.write_all(half)?;
            thread::sleep(forever);
            Ok(())
        }
        Answer::Trickling => content.iter().try_for_each(|byte| {
            thread::sleep(Duration::from_millis(100));
            stream.write_all(&[*byte])
        }),
        Answer::Endless => loop {
            stream.write_all(b"10000\r\n")?;
            stream.write_all(&[0x5a; 0x10000])?;
            stream.write_all(b"\r\n")?;
        },
        _ => stream.write_all(content),
    }
}

fn unwatched(_: u64, _: Option<u64>) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn request(sources: &[String], folder: &Path) -> FetchRequest {
    FetchRequest {
        sources: sources.to_vec(),
        destination: folder.join("deep/cells.zip"),
        sha256: Some(hexadecimal(Sha256::digest(body()))),
        bytes: None,
        magic: &[],
        patience: PATIENCE,
    }
}

/// The first count of bytes that is heard of after some came.
fn first_done(request: &FetchRequest) -> u64 {
    let first = Mutex::new(None);
    fetch(request, &|done, total| {
        if total.is_some() && done > 0 {
            first.lock().unwrap().get_or_insert(done);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    first.into_inner().unwrap().unwrap()
}

fn left_in(folder: &Path) -> usize {
    fs::read_dir(folder.join("deep")).unwrap().count()
}

#[test]
fn a_download_that_was_cut_off_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let request = request(&[serve(&[Answer::Half, Answer::Whole])], folder.path());
    let error = fetch(&request, &unwatched).unwrap_err().to_string();
    assert!(error.contains("cut off after"), "{error}");
    assert!(!request.destination.exists());
    assert!(first_done(&request) >= 100_000, "it started from the beginning");
    assert_eq!(fs::read(&request.destination).unwrap(), body());
    assert_eq!(left_in(folder.path()), 1);
}

#[test]
fn without_a_hash_to_check_a_part_is_not_continued() {
    let folder = tempfile::tempdir().unwrap();
    let source = serve(&[Answer::Half, Answer::Whole]);
    let request = FetchRequest { sha256: None, ..request(&[source], folder.path()) };
    fetch(&request, &unwatched).unwrap_err();
    assert_eq!(left_in(folder.path()), 0);
    assert!(first_done(&request) < 100_000, "it went on from an unchecked part");
    assert_eq!(fs::read(&request.destination).unwrap(), body());
}

#[test]
fn a_server_that_cannot_resume_starts_over() {
    let folder = tempfile::tempdir().unwrap();
    let request = request(&[serve(&[Answer::Half, Answer::IgnoringRange])], folder.path());
    fetch(&request, &unwatched).unwrap_err();
    fetch(&request, &unwatched).unwrap();
    assert_eq!(fs::read(&request.destination).unwrap(), body());
}

#[test]
fn the_next_mirror_is_tried_and_a_path_will_do() {
    let folder = tempfile::tempdir().unwrap();
    let local = folder.path().join("local.zip");
    fs::write(&local, body()).unwrap();
    let sources = [serve(&[Answer::Missing]), format!("file://{}", local.display())];
    let request = request(&sources, folder.path());
    fetch(&request, &unwatched).unwrap();
    assert_eq!(fs::read(&request.destination).unwrap(), body());
}

#[test]
fn a_wrong_hash_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut request = request(&[serve(&[Answer::Whole])], folder.path());
    request.sha256 = Some("00".repeat(32));
    let error = fetch(&request, &unwatched).unwrap_err().to_string();
    assert!(error.contains("SHA-256") && !error.contains('\n'), "{error}");
    assert_eq!(left_in(folder.path()), 0);
    request.sha256 = Some("no hash".to_owned());
    assert!(fetch(&request, &unwatched).unwrap_err().to_string().contains("64 hexadecimal digits"));
}

#[test]
fn a_source_that_is_silent_at_any_point_is_given_up_for_the_next() {
    for (silent, expected) in [
        (&[Answer::Silent][..], "did not answer within"),
        (&[Answer::Stalling], "cut off after 100000 of 200000 bytes"),
        (&[Answer::Trickling], "bytes in"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let started = Instant::now();
        let alone = FetchRequest { patience: SHORT, ..request(&[serve(silent)], folder.path()) };
        let error = fetch(&alone, &unwatched).unwrap_err().to_string();
        assert!(error.contains(expected) || error.contains("timeout"), "{error}");
        assert!(started.elapsed() < SHORT * 10, "{:?}", started.elapsed());
        let next = FetchRequest { sources: vec![serve(silent), serve(&[Answer::Whole])], ..alone };
        fetch(&next, &unwatched).unwrap();
        assert_eq!(fs::read(&next.destination).unwrap(), body());
    }
    // No server takes the connection: the port is bound and its queue is full, or it is not bound at all.
    let folder = tempfile::tempdir().unwrap();
    let unserved = format!(
        "http://127.0.0.1:{}/",
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    );
    let error = fetch(&request(&[unserved], folder.path()), &unwatched).unwrap_err().to_string();
    assert!(!error.contains('\n'), "{error}");
    assert_eq!(left_in(folder.path()), 0);
}

#[test]
fn a_body_beyond_the_expected_size_is_given_up_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let most = Mutex::new(0);
    let watched = |done: u64, _| {
        let mut most = most.lock().unwrap();
        *most = done.max(*most);
        ControlFlow::Continue(())
    };
    let expecting = |answers, bytes| FetchRequest { bytes, ..request(&[serve(answers)], folder.path()) };
    for (request, expected) in [
        (expecting(&[Answer::Endless], Some(1_000_000)), "it sends more than 1000000 bytes"),
        (expecting(&[Answer::OfLength(1 << 50)], Some(200_000)), "instead of 200000: it is another file"),
        (expecting(&[Answer::OfLength(1 << 50)], None), "more than 16 GiB"),
        (expecting(&[Answer::Whole], Some(199_999)), "it has 200000 bytes instead of 199999"),
    ] {
        let error = fetch(&request, &watched).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(left_in(folder.path()), 0, "{expected}");
    }
    assert!(*most.lock().unwrap() <= 1_000_000);
}

#[test]
fn an_answer_that_is_no_whole_file_leaves_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("deep/cells.zip");
    fs::create_dir(folder.path().join("deep")).unwrap();
    fs::write(&there, "good").unwrap();
    let asking =
        |answers, magic| FetchRequest { sha256: None, magic, ..request(&[serve(answers)], folder.path()) };
    for (request, expected) in [
        (asking(&[Answer::Status("416 Range Not Satisfiable")], &[]), "416"),
        (asking(&[Answer::Status("206 Partial Content")], &[]), "status 206"),
        (asking(&[Answer::Status("202 Accepted")], &[]), "status 202"),
        (asking(&[Answer::OfLength(0)], ZIP), "no zip"),
        (asking(&[Answer::Whole], ZIP), "no zip"),
    ] {
        let error = fetch(&request, &unwatched).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(fs::read(&there).unwrap(), b"good");
        assert_eq!(left_in(folder.path()), 1);
    }
}

#[test]
fn a_server_that_resumes_elsewhere_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let request = request(&[serve(&[Answer::Half, Answer::WrongRange, Answer::Whole])], folder.path());
    fetch(&request, &unwatched).unwrap_err();
    let error = fetch(&request, &unwatched).unwrap_err().to_string();
    assert!(error.contains("it sent bytes from 5 on instead of"), "{error}");
    fetch(&request, &unwatched).unwrap();
    assert_eq!(fs::read(&request.destination).unwrap(), body());
}

#[test]
fn two_at_once_do_not_write_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let first = FetchRequest { patience: SHORT * 3, ..request(&[serve(&[Answer::Stalling])], folder.path()) };
    let second = request(&[serve(&[Answer::Whole, Answer::Whole])], folder.path());
    thread::scope(|scope| {
        let (sender, begun) = std::sync::mpsc::channel();
        let stalling = scope.spawn(move || {
            fetch(&first, &|done, _| {
                if done > 0 {
                    let _ = sender.send(());
                }
                ControlFlow::Continue(())
            })
        });
        begun.recv().unwrap();
        let error = fetch(&second, &unwatched).unwrap_err().to_string();
        assert!(error.contains("cells.zip is being fetched by another process"), "{error}");
        stalling.join().unwrap().unwrap_err();
    });
    fetch(&second, &unwatched).unwrap();
    assert_eq!(fs::read(&second.destination).unwrap(), body());
    assert_eq!(left_in(folder.path()), 1);
}

#[test]
fn a_fetch_that_is_stopped_while_its_server_is_silent_ends_at_once_and_can_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let request = request(&[serve(&[Answer::Stalling, Answer::Whole])], folder.path());
    let started = Instant::now();
    let stopped = fetch(&request, &|done, _| {
        if done >= 100_000 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(first_done(&request) >= 100_000, "it started from the beginning");
    // Without a hash nothing can be gone on with, and nothing is left.
    let unchecked = FetchRequest {
        sources: vec![serve(&[Answer::Silent])],
        sha256: None,
        destination: folder.path().join("deep/other.zip"),
        ..request
    };
    let started = Instant::now();
    let stopped = fetch(&unchecked, &|_, _| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(left_in(folder.path()), 1);
}

#[test]
fn a_part_is_free_once_its_fetch_ended_though_another_process_still_holds_a_copy_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let destination = folder.path().join("cells.zip");
    let part = Part::lock(&destination).unwrap();
    // A forked process has such a copy until it runs its program.
    let copy = part.file.try_clone().unwrap();
    drop(part);
    Part::lock(&destination).unwrap();
    drop(copy);
}

#[cfg(unix)]
#[test]
fn a_pipe_a_folder_and_an_unknown_scheme_are_no_sources() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for source in [pipe.display().to_string(), "file:///dev/zero".to_owned(), "/".to_owned()] {
        let error = fetch(&request(&[source], folder.path()), &unwatched).unwrap_err().to_string();
        assert!(error.contains("it is no file"), "{error}");
    }
    let error =
        fetch(&request(&["ftp://x/y.zip".to_owned()], folder.path()), &unwatched).unwrap_err().to_string();
    assert!(error.contains("give an http://, https:// or file:// address"), "{error}");
    assert_eq!(left_in(folder.path()), 0);
}
